package config

import (
	"net/netip"
)

func (d *decoder) email(l line) {
	for _, w := range l.st.Words {
		d.config.Global.NotificationEmail = append(d.config.Global.NotificationEmail, w.Text)
	}
}

// smtpServer reads a host and perhaps a port. Whether the name can be resolved is asked only where Env can tell.
func (d *decoder) smtpServer(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	s := SMTPServer{Host: w.Text}
	if p, ok := l.arg(1); ok {
		n, ok := d.number(l.kw.Name, p, intArg(1, 65535))
		if !ok {
			return
		}
		s.Port = uint16(n)
	}
	if _, err := netip.ParseAddr(s.Host); err != nil && d.env.Resolve != nil && !d.env.Resolve(s.Host) {
		d.warn(w.Pos, "smtp_server: %q cannot be resolved", s.Host)
		return
	}
	d.config.Global.SMTPServer = s
}

package daemon

import (
	"cmp"
	"context"
	"os"
	"os/user"
	"sync/atomic"

	"github.com/sirupsen/logrus"

	"keepalived-go/config"
	"keepalived-go/notify/mail"
)

// postOffice sends the alert mails of a child, with the router_id in front of each subject.
type postOffice struct {
	sender *mail.Sender
	prefix atomic.Value // string
}

// newPostOffice logs what becomes of each mail: what went well only in detail, as upstream, and so what is tried again.
// A mail that did not go out is one line.
func newPostOffice(log *logrus.Entry, detail bool) *postOffice {
	return &postOffice{sender: mail.New(mail.Settings{}, func(o mail.Outcome) {
		switch {
		case o.Result == mail.Sent && o.Err == nil && detail:
			log.Infof("SMTP alert successfully sent: %s", o.Subject)
		case o.Result == mail.Sent && o.Err == nil:
		case o.Result == mail.Retried && !detail:
		default:
			log.Warn(o.String())
		}
	})}
}

// use takes the mail settings of a (new) configuration.
func (p *postOffice) use(g config.Global) {
	name, err := os.Hostname()
	if err != nil {
		name = "localhost"
	}
	p.prefix.Store("[" + cmp.Or(g.RouterID, name) + "] ")
	p.sender.Set(mail.Settings{
		Host: g.SMTPServer.Host, Port: g.SMTPServer.Port, HELO: cmp.Or(g.SMTPHELOName, name),
		From: cmp.Or(g.NotificationEmailFrom, userName()+"@"+name), To: g.NotificationEmail, ConnectTimeout: g.SMTPConnectTimeout,
	})
}

// Send sends one mail and returns at once.
func (p *postOffice) Send(subject, body string) {
	prefix, _ := p.prefix.Load().(string) // nothing is sent before use
	p.sender.Send(mail.Message{Subject: prefix + subject, Body: body})
}

// userName is who the daemon runs as.
func userName() string {
	u, err := user.Current()
	if err != nil {
		return "root"
	}
	return u.Username
}

// close lets the mails of the end go out, as far as there is time.
func (p *postOffice) close(ctx context.Context) {
	_ = p.sender.Close(ctx) // what was not sent has been reported
}

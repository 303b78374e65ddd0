package lab

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/mail"
	"os"
	"strings"
)

// eximConfig takes every mail and appends it to one file, but for two
// recipients: nobody knows the one, and the other is to be tried later.
const eximConfig = `exim_path = %[2]s
primary_hostname = sink.example
keep_environment =
spool_directory = %[1]s/tmp/spool
log_file_path = %[1]s/tmp/mail/exim-%%s.log
daemon_smtp_ports = 25
local_interfaces = <; 0.0.0.0 ; ::0
host_lookup =
rfc1413_hosts =
tls_advertise_hosts =
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
never_users =
deliver_drop_privilege = true
begin acl
rcpt:
  deny local_parts = unknown
       message = no such user here
  defer local_parts = later
       message = come back later
  accept
begin routers
all:
  driver = accept
  transport = file
begin transports
file:
  driver = appendfile
  file = %[1]s/tmp/mail/box
  batch_max = 100
begin retry
* * F,1h,1m
`

// Mail starts Debian's exim on the host and returns when it answers there. The
// host needs an account Debian-exim.
func (h *Host) Mail(ctx context.Context, root string) (*Process, error) {
	exim := Debian(root, "usr/sbin/exim4")
	// A copy without the setuid bit, because the loader leaves the path of the libraries out for others. It calls
	// itself with an environment of its own.
	binary, err := os.ReadFile(exim.Path)
	if err != nil {
		return nil, err
	}
	copied, err := h.Write("exim4", string(binary), 0o755)
	if err != nil {
		return nil, err
	}
	script := fmt.Sprintf("#!/bin/sh\nexec /usr/bin/env '%s' %s \"$@\"\n", strings.Join(exim.Env, "' '"), copied)
	wrapper, err := h.Write("exim", script, 0o755)
	if err != nil {
		return nil, err
	}
	config, err := h.Write("exim.conf", fmt.Sprintf(eximConfig, Dir, wrapper), 0o644)
	if err != nil {
		return nil, err
	}
	for _, folder := range []string{"spool", "mail"} {
		path := h.Path(Dir + "/tmp/" + folder)
		if err := os.MkdirAll(path, 0o777); err != nil {
			return nil, err
		}
		if err := os.Chmod(path, 0o777); err != nil {
			return nil, err
		}
	}
	p, err := h.Start(wrapper, []string{"-C", config, "-bdf"}, nil)
	if err != nil {
		return nil, err
	}
	err = Until(ctx, "exim to answer", func() error {
		conn, err := h.Dial(ctx, "tcp", net.JoinHostPort(h.Address.Addr().String(), "25"))
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err == nil && !strings.HasPrefix(line, "220 ") {
			err = fmt.Errorf("it says %q", line)
		}
		return err
	})
	if err != nil {
		said, _ := h.Read(Dir + "/tmp/mail/exim-main.log")
		return nil, fmt.Errorf("%w\n%s%s", err, p.Output(), said)
	}
	return p, nil
}

// Letter is a mail that was delivered.
type Letter struct {
	Header mail.Header
	Body   string
}

// Letters are the mails that exim has delivered, oldest first.
func (h *Host) Letters() ([]Letter, error) {
	content, err := h.Read(Dir + "/tmp/mail/box")
	if err != nil || content == "" {
		return nil, err
	}
	var all []Letter
	for text := range strings.SplitSeq(strings.TrimPrefix(content, "From "), "\nFrom ") {
		_, text, _ = strings.Cut(text, "\n") // the rest of the separating line
		m, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("in %q: %w", text, err)
		}
		body, err := io.ReadAll(m.Body)
		if err != nil {
			return nil, err
		}
		all = append(all, Letter{Header: m.Header, Body: strings.TrimRight(string(body), "\n")})
	}
	return all, nil
}

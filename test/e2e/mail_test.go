package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// TestMail has a mail server of Debian take the alerts of one server: both
// programs send the same mails, in the same order.
func TestMail(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		global string
		want   map[string]string // what a header of ours holds
		same   bool              // the headers are Debian's
	}{
		"all is said": {
			"router_id lb1\nsmtp_helo_name lb1.example.org\nnotification_email_from ka@example.org\n",
			map[string]string{"From": "ka@example.org", "Subject": "[lb1] VRRP", "Received": "(helo=lb1.example.org)",
				"To": "ops@sink.example, oncall@sink.example", "X-Mailer": "Keepalived"}, true,
		},
		// Debian's says (null), [unknown] and localhost.
		"nothing is said": {"", map[string]string{"From": "root@web1", "Subject": "[web1] VRRP", "Received": "(helo=web1)"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			n.mailServer(n.client)
			config := fmt.Sprintf("global_defs {\n%snotification_email {\nops@sink.example\noncall@sink.example\n}\nsmtp_server %v\n}\n",
				row.global, n.client.Address.Addr()) + n.dialect.instance("VI_1", vrid, "MASTER", high, vip.String(), "smtp_alert\n")
			debian := n.mailsOf(peer, config)
			mails := n.mailsOf(ours, config)
			for i, m := range mails {
				for header, want := range row.want {
					if got := m.Header.Get(header); !strings.Contains(got, want) && !checksItself() {
						t.Errorf("%s of mail %d is %q, want %q in it", header, i+1, got, want)
					}
				}
				if i == len(debian) {
					break
				}
				for _, header := range []string{"From", "To", "Subject", "X-Mailer"} {
					if got, want := m.Header.Get(header), debian[i].Header.Get(header); got != want && row.same {
						t.Errorf("%s of mail %d is %q, Debian's is %q", header, i+1, got, want)
					}
				}
				if m.Body != debian[i].Body {
					t.Errorf("the text of mail %d is %q, Debian's is %q", i+1, m.Body, debian[i].Body)
				}
			}
		})
	}
}

func (n *network) mailServer(host *lab.Host) {
	n.t.Helper()
	n.accounts(host, "Debian-exim:x:77:77::/:/bin/false\n")
	n.extend(host, "/etc/group", "Debian-exim:x:77:\n")
	_, err := host.Mail(n.context(time.Second), sourceRoot)
	n.must(err)
}

// mailsOf takes one program through its states, and returns its mails. The
// cable of ours is cut as well, and so the way to the mail server: nothing is
// lost. (Of Debian's it would be, so would the mail of its stop.)
func (n *network) mailsOf(p lab.Program, config string) []lab.Letter {
	n.t.Helper()
	before, err := n.client.Letters()
	n.must(err)
	web := n.web[0]
	daemon := n.start(web, p, config)
	whole := p.Name == ours.Name && !checksItself()
	want := []string{"Entering BACKUP state", "Entering MASTER state"}
	n.letters(len(before) + len(want))
	if whole {
		n.must(web.Cut())
		n.must(lab.Until(n.context(time.Second), "the address to be gone", func() error {
			held, err := web.Holds(vip)
			if err == nil && held {
				err = errors.New("it is there")
			}
			return err
		}))
		n.must(web.Mend())
		want = append(want, "Entering FAULT state", "Entering BACKUP state", "Entering MASTER state")
		n.letters(len(before) + len(want))
		want = append(want, "Stopping")
	}
	n.stop(daemon)
	all := n.letters(len(before) + len(want))[len(before):]
	for i, m := range all {
		if got, want := m.Header.Get("Subject"), "VRRP Instance VI_1 - "+want[min(i, len(want)-1)]; !strings.HasSuffix(got, want) {
			n.t.Errorf("%s: mail %d is %q, want %q", p.Name, i+1, got, want)
		}
	}
	if len(all) != len(want) {
		n.t.Errorf("%s: %d mails, want %d", p.Name, len(all), len(want))
	}
	return all
}

// letters waits until as many mails have come.
func (n *network) letters(count int) []lab.Letter {
	n.t.Helper()
	var all []lab.Letter
	n.must(lab.Until(n.context(10*time.Second), fmt.Sprintf("%d mails", count), func() error {
		var err error
		if all, err = n.client.Letters(); err == nil && len(all) < count {
			err = fmt.Errorf("%d have come", len(all))
		}
		return err
	}))
	return all
}

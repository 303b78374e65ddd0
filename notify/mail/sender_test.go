package mail

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// serve answers the commands of one connection and returns what was said.
func serve(conn net.Conn, answer func(line string) string) string {
	var said strings.Builder
	r := bufio.NewReader(conn)
	_, _ = fmt.Fprint(conn, "220 sink\r\n")
	data := false
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return said.String()
		}
		said.WriteString(line)
		if data && line != ".\r\n" {
			continue
		}
		reply := answer(line)
		data = strings.HasPrefix(reply, "354")
		_, _ = fmt.Fprint(conn, reply+"\r\n")
	}
}

func polite(line string) string {
	if line == "DATA\r\n" {
		return "354 go"
	}
	if line == "QUIT\r\n" {
		return "221 bye"
	}
	return "250 ok"
}

func TestSender(t *testing.T) {
	const want = "HELO nodea.example\r\nMAIL FROM:<ka@nodea.example>\r\nRCPT TO:<ops@example.org>\r\nRCPT TO:<oncall@example.org>\r\nDATA\r\n" +
		"Date: Mon, 23 Nov 2026 01:29:21 +0000\r\nFrom: ka@nodea.example\r\nSubject: [nodeA] VRRP Instance VI_4 - Entering MASTER state\r\n" +
		"X-Mailer: Keepalived\r\nTo: ops@example.org,\r\n On Call <oncall@example.org>\r\n\r\n" +
		"=> VRRP Instance is now owning VRRP VIPs <=\r\n\r\n.\r\nQUIT\r\n"
	refuse := func(line string) func(string) string {
		return func(l string) string {
			if strings.HasPrefix(l, "MAIL") {
				return line
			}
			return polite(l)
		}
	}
	for name, row := range map[string]struct {
		answer func(string) string
		want   []Result
	}{
		"taken":     {polite, []Result{Sent}},
		"transient": {refuse("451 later"), []Result{Retried, Retried, Failed}},
		"permanent": {refuse("550 no"), []Result{Failed}},
		"endless":   {refuse(strings.Repeat("250-more\r\n", 20000)), []Result{Retried, Retried, Failed}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got []Result
				sessions := make(chan string, Tries)
				dial := func(context.Context, string, string) (net.Conn, error) {
					client, server := net.Pipe()
					go func() { sessions <- serve(server, row.answer) }()
					return client, nil
				}
				s := newSender(Settings{Host: "sink", HELO: "nodea.example", From: "ka@nodea.example",
					To: []string{"ops@example.org", "On Call <oncall@example.org>"}}, func(o Outcome) { got = append(got, o.Result) }, dial)
				m := Instance("nodeA", "VI_4", Master)
				m.Time = time.Date(2026, 11, 23, 1, 29, 21, 0, time.UTC)
				s.Send(m)
				if err := s.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
				if fmt.Sprint(got) != fmt.Sprint(row.want) {
					t.Errorf("outcomes %v, want %v", got, row.want)
				}
				if said := <-sessions; name == "taken" && said != want {
					t.Errorf("the server was told\n%q, want\n%q", said, want)
				}
			})
		})
	}
}

package mail

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// serve answers the commands of one connection and returns what was said. An
// empty answer closes the connection, silence answers nothing.
func serve(conn net.Conn, answer func(line string) string) string {
	var said strings.Builder
	defer func() { _ = conn.Close() }()
	r := bufio.NewReader(conn)
	if _, err := fmt.Fprint(conn, "220 sink\r\n"); err != nil {
		return ""
	}
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
		switch reply {
		case "":
			return said.String()
		case silence:
		default:
			_, _ = fmt.Fprint(conn, reply+"\r\n")
		}
	}
}

const silence = "silence"

func polite(line string) string {
	switch line {
	case "DATA\r\n":
		return "354 go"
	case "QUIT\r\n":
		return "221 bye"
	}
	return "250 ok"
}

// at answers a command in a way of its own, and all others politely.
func at(command, reply string) func(string) string {
	return func(line string) string {
		if strings.HasPrefix(line, command) {
			return reply
		}
		return polite(line)
	}
}

// sink is a server and the log of a sender that talks with it.
type sink struct {
	answer func(string) string

	mutex    sync.Mutex
	began    time.Time
	sessions []string
	dialled  []time.Duration // since the start
	hosts    []string
	outcomes []string
	dropped  map[error]int
}

func (k *sink) dial(ctx context.Context, _, address string) (net.Conn, error) {
	k.mutex.Lock()
	k.dialled = append(k.dialled, time.Since(k.began))
	k.hosts = append(k.hosts, address)
	k.mutex.Unlock()
	if k.answer == nil {
		return nil, errors.New("refused")
	}
	client, server := net.Pipe()
	k.mutex.Lock()
	defer k.mutex.Unlock()
	n := len(k.sessions)
	k.sessions = append(k.sessions, "")
	go func() {
		said := serve(server, k.answer)
		k.mutex.Lock()
		defer k.mutex.Unlock()
		k.sessions[n] = said
	}()
	return client, ctx.Err()
}

func (k *sink) report(o Outcome) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if o.Result == Dropped {
		k.dropped[o.Err] += o.Count
		return
	}
	k.outcomes = append(k.outcomes, fmt.Sprintf("%s %d", [...]string{"sent", "retried", "failed"}[o.Result], o.Try))
}

var settings = Settings{Host: "sink", HELO: "nodea.example", From: "ka@nodea.example",
	To: []string{"ops@example.org", "On Call <oncall@example.org>"}}

// with runs a test with a sender in a world of its own time.
func with(t *testing.T, answer func(string) string, test func(*testing.T, *Sender, *sink)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		k := &sink{answer: answer, began: time.Now(), dropped: make(map[error]int)}
		test(t, newSender(settings, k.report, k.dial), k)
	})
}

func numbered(n int) Message {
	return Message{Subject: fmt.Sprintf("[nodeA] message %d", n), Body: "=> text <="}
}

func TestDialogue(t *testing.T) {
	with(t, polite, func(t *testing.T, s *Sender, k *sink) {
		const want = "HELO nodea.example\r\nMAIL FROM:<ka@nodea.example>\r\nRCPT TO:<ops@example.org>\r\nRCPT TO:<oncall@example.org>\r\nDATA\r\n" +
			"Date: Mon, 23 Nov 2026 01:29:21 +0000\r\nFrom: ka@nodea.example\r\nSubject: [nodeA] VRRP Instance VI_4 - Entering MASTER state\r\n" +
			"X-Mailer: Keepalived\r\nTo: ops@example.org,\r\n On Call <oncall@example.org>\r\n\r\n" +
			"=> VRRP Instance is now owning VRRP VIPs <=\r\n\r\n.\r\nQUIT\r\n"
		s.Send(Message{Subject: "[nodeA] VRRP Instance VI_4 - Entering MASTER state",
			Body: "=> VRRP Instance is now owning VRRP VIPs <=", Time: time.Date(2026, 11, 23, 1, 29, 21, 0, time.UTC)})
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(k.sessions) != 1 || k.sessions[0] != want {
			t.Errorf("the server was told\n%q, want\n%q", k.sessions, want)
		}
	})
}

// TestTries has a server fail in every way, at every command: how often the
// message is tried, and how long it takes until it is given up.
func TestTries(t *testing.T) {
	const patience = defaultTimeout
	pauses := backoff[0] + backoff[1]
	thrice := []string{"retried 1", "retried 2", "failed 3"}
	type row struct {
		answer func(string) string
		want   []string
		took   time.Duration
	}
	rows := map[string]row{
		"taken":         {polite, []string{"sent 1"}, 0},
		"one refused":   {at("RCPT TO:<ops@", "550 who?"), []string{"sent 1"}, 0},
		"will forward":  {at("RCPT TO:<ops@", "251 will forward"), []string{"sent 1"}, 0},
		"no connection": {nil, thrice, pauses},
		"endless":       {at("MAIL", strings.Repeat("250-more\r\n", 20000)), thrice, pauses},
		"garbage":       {at("HELO", "\x00\xffhello"), thrice, pauses},
		"rude end":      {at("QUIT", ""), []string{"sent 1"}, 0},
		"silent end":    {at("QUIT", silence), []string{"sent 1"}, patience},
	}
	for _, command := range []string{"HELO", "MAIL", "RCPT", "DATA", "."} {
		rows["451 to "+command] = row{at(command, "451 later"), thrice, pauses}
		rows["554 to "+command] = row{at(command, "554 no"), []string{"failed 1"}, 0}
		rows["reset at "+command] = row{at(command, ""), thrice, pauses}
		rows["stall at "+command] = row{at(command, silence), thrice, pauses + Tries*patience}
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			with(t, row.answer, func(t *testing.T, s *Sender, k *sink) {
				s.Send(numbered(1))
				if err := s.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(k.began); took != row.took {
					t.Errorf("it took %v, want %v", took, row.took)
				}
				if !slices.Equal(k.outcomes, row.want) {
					t.Errorf("outcomes %q, want %q", k.outcomes, row.want)
				}
			})
		})
	}
}

// TestDrip has a server that says one byte a second for ever: every reading
// has its byte in time, the whole is bounded all the same.
func TestDrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &sink{began: time.Now(), dropped: make(map[error]int)}
		s := newSender(settings, k.report, func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				for {
					if _, err := server.Write([]byte("2")); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			}()
			return client, nil
		})
		s.Send(numbered(1))
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		took := time.Since(k.began)
		if limit := Tries*dialogueLimit + backoff[0] + backoff[1]; took > limit || len(k.outcomes) != Tries {
			t.Errorf("%q after %v, want it to be given up within %v", k.outcomes, took, limit)
		}
		time.Sleep(2 * time.Second) // the server sees the end
	})
}

// TestOrderAndOverflow sends more than may wait to a server that hangs for a
// while: the oldest are lost, the others come in their order.
func TestOrderAndOverflow(t *testing.T) {
	slow := true
	answer := func(line string) string {
		if slow && line == "DATA\r\n" {
			slow = false
			time.Sleep(10 * time.Second)
		}
		return polite(line)
	}
	with(t, answer, func(t *testing.T, s *Sender, k *sink) {
		s.Send(numbered(0))
		synctest.Wait() // it is on its way
		for n := 1; n <= QueueLength+44; n++ {
			s.Send(numbered(n))
		}
		if since := time.Since(k.began); since != 0 {
			t.Errorf("the callers waited %v, want not at all", since)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if k.dropped[ErrOverflow] != 44 || len(k.dropped) != 1 {
			t.Errorf("dropped %v, want 44 because too many waited", k.dropped)
		}
		if len(k.sessions) != QueueLength+1 {
			t.Fatalf("%d messages came, want %d", len(k.sessions), QueueLength+1)
		}
		for i, said := range k.sessions {
			n := i
			if i > 0 {
				n += 44
			}
			if want := fmt.Sprintf("Subject: [nodeA] message %d\r\n", n); !strings.Contains(said, want) {
				t.Fatalf("message %d of the server is\n%s, want %q", i, said, want)
			}
		}
	})
}

// TestServerAway has many messages wait for a server that does not answer:
// the first is tried three times, the others once each.
func TestServerAway(t *testing.T) {
	with(t, nil, func(t *testing.T, s *Sender, k *sink) {
		for n := range 5 {
			s.Send(numbered(n))
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if want := []string{"retried 1", "retried 2", "failed 3", "failed 1", "failed 1", "failed 1", "failed 1"}; !slices.Equal(k.outcomes, want) {
			t.Errorf("outcomes %q, want %q", k.outcomes, want)
		}
		k.outcomes = nil
		s.Send(numbered(5)) // an hour later the server has its three tries again
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := []string{"retried 1", "retried 2", "failed 3"}; !slices.Equal(k.outcomes, want) {
			t.Errorf("outcomes %q, want %q", k.outcomes, want)
		}
	})
}

// TestCloseCutsOff ends a sender in the middle of a stalled dialogue, and in a
// pause.
func TestCloseCutsOff(t *testing.T) {
	for name, answer := range map[string]func(string) string{"stalled": at("DATA", silence), "pause": nil} {
		t.Run(name, func(t *testing.T) {
			with(t, answer, func(t *testing.T, s *Sender, k *sink) {
				for n := range 4 {
					s.Send(numbered(n))
				}
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v, want that time was over", err)
				}
				if took := time.Since(k.began); took != 2*time.Second {
					t.Errorf("it took %v, want 2 s", took)
				}
				// The one in hand was tried once.
				want, lost := []string{"failed 1"}, 3
				if answer == nil {
					want, lost = []string{"retried 1"}, 4
				}
				if !slices.Equal(k.outcomes, want) || k.dropped[ErrClosed] != lost || len(k.dropped) != 1 {
					t.Errorf("outcomes %q, dropped %v, want %q and %d for the end", k.outcomes, k.dropped, want, lost)
				}
				s.Send(numbered(9))
				if len(s.queue) > 0 {
					t.Error("a message was queued after the end")
				}
			})
		})
	}
}

// TestSet changes the settings while messages wait.
func TestSet(t *testing.T) {
	with(t, nil, func(t *testing.T, s *Sender, k *sink) {
		for n := range 4 {
			s.Send(numbered(n))
		}
		synctest.Wait()
		time.Sleep(time.Second)
		k.mutex.Lock()
		k.answer = polite
		k.mutex.Unlock()
		same := settings
		same.To = slices.Clone(settings.To)
		s.Set(same) // changes nothing, and so the pause goes on
		synctest.Wait()
		if len(k.dialled) != 1 {
			t.Errorf("dialled at %v after settings that are the same, want once", k.dialled)
		}
		other := settings
		other.Host, other.Port = "2001:db8::1", 2525
		s.Set(other)
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := []string{"retried 1", "sent 2", "sent 1", "sent 1", "sent 1"}; !slices.Equal(k.outcomes, want) {
			t.Errorf("outcomes %q, want %q", k.outcomes, want)
		}
		if k.dialled[1] != time.Second || k.hosts[0] != "sink:25" || k.hosts[1] != "[2001:db8::1]:2525" {
			t.Errorf("dialled %q at %v, want the new server at once", k.hosts, k.dialled)
		}
	})
}

// TestSetWithoutServer removes the server while messages wait.
func TestSetWithoutServer(t *testing.T) {
	with(t, nil, func(t *testing.T, s *Sender, k *sink) {
		for n := range 4 {
			s.Send(numbered(n))
		}
		synctest.Wait()
		s.Set(Settings{})
		s.Send(numbered(4)) // nobody wants it
		synctest.Wait()
		if len(k.dialled) != 1 || k.dropped[ErrDisabled] != 4 || len(k.dropped) != 1 {
			t.Errorf("dialled %d times, dropped %v, want once and 4", len(k.dialled), k.dropped)
		}
		k.answer = polite
		s.Set(settings)
		s.Send(numbered(5))
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := []string{"retried 1", "sent 1"}; !slices.Equal(k.outcomes, want) {
			t.Errorf("outcomes %q, want %q", k.outcomes, want)
		}
	})
}

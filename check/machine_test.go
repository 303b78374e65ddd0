package check

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"keepalived-go/config"
)

// machine drives the state of one virtual server with words.
type machine struct {
	t *testing.T
	*service
	paused rest
}

// everyKind makes every kind of check.
func everyKind(config.CheckKind) bool { return true }

// newMachine makes the state of the first virtual server of a configuration.
func newMachine(t *testing.T, text string) *machine {
	t.Helper()
	cfg := decode(t, text)
	if len(cfg.VirtualServers) == 0 {
		t.Fatal("there is no virtual server")
	}
	vs := &cfg.VirtualServers[0]
	return &machine{t: t, service: newService(vs, identify(cfg.VirtualServers)[0].name, rulesOf(cfg.Global), everyKind)}
}

// do handles one event and returns its actions, a line each: a line of the log as it is, "> RS ..." for what is told
// with its script in brackets, "@ subject | body" for a mail and "* table".
//
// The events: "start", "stop", "remove", "ok S [C]", "fail S [C]", "late S [C]" and "broken S [C]" for a result of
// checker C of server S, "weight S N" for its weight.
func (m *machine) do(event string) string {
	m.t.Helper()
	words := strings.Fields(event)
	number := func(i int) int {
		if i >= len(words) {
			return 0
		}
		n, err := strconv.Atoi(words[i])
		if err != nil {
			m.t.Fatal(err)
		}
		return n
	}
	results := map[string]Result{
		"ok": {}, "fail": {Failure: errors.New("refused")}, "late": {Failure: errors.New("no answer"), Timeout: true},
		"broken": {Broken: errors.New("no descriptor")},
		"page":   {What: "HTTP status code"}, "badpage": {Failure: errors.New("500"), What: "HTTP status code error to"},
	}
	switch words[0] {
	case "start":
		return show(m.start())
	case "stop":
		return show(m.stop())
	case "remove":
		return show(m.remove())
	case "weight":
		m.setWeight(number(1), int64(number(2)), true)
		return show(m.take())
	}
	r, ok := results[words[0]]
	if !ok {
		m.t.Fatalf("there is no event %q", event)
	}
	pause, actions := m.checked(number(1), number(2), r)
	m.paused = pause
	return show(actions)
}

// show writes actions down.
func show(actions []action) string {
	var lines []string
	for _, a := range actions {
		switch a := a.(type) {
		case say:
			lines = append(lines, a.text)
		case tell:
			line := "> " + a.event
			if a.script.Set() {
				line += " [" + strings.Join(a.script.Argv, " ") + "]"
			}
			if strings.HasSuffix(a.label, stopLabel) {
				line += " and waits"
			}
			lines = append(lines, line)
		case post:
			lines = append(lines, "@ "+a.subject+" | "+a.body)
		case retable:
			lines = append(lines, "* table")
		}
	}
	return strings.Join(lines, "\n")
}

// dests is the table of the first service that the virtual server takes, as "11=1 12=0" by last byte.
func (m *machine) dests() string {
	var out []string
	for _, d := range m.destinations(80) {
		b := d.Addr.Addr().As4()
		out = append(out, fmt.Sprintf("%d=%d", b[3], d.Weight))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// vsText writes a virtual server 10.0.0.1:80 with real servers 10.0.0.11 and on. extra are lines of its own; each real
// server is given by its lines, of which "T" stands for a TCP_CHECK without retries.
func vsText(extra string, servers ...string) string {
	var b strings.Builder
	b.WriteString("virtual_server 10.0.0.1 80 {\n lvs_sched rr\n lvs_method NAT\n protocol TCP\n delay_loop 5\n")
	b.WriteString(strings.ReplaceAll(extra, ";", "\n"))
	for i, s := range servers {
		s = strings.ReplaceAll(strings.ReplaceAll(s, ";", "\n"), "T\n", "TCP_CHECK {\n retry 0\n }\n")
		if strings.HasSuffix(s, "T") {
			s = strings.TrimSuffix(s, "T") + "TCP_CHECK {\n retry 0\n }"
		}
		fmt.Fprintf(&b, "\n real_server 10.0.0.%d 80 {\n %s\n }", 11+i, s)
	}
	b.WriteString("\n}\n")
	return b.String()
}

// step is one event and what has to come of it.
type step struct {
	event string
	want  string
	dests string // "" is not looked at
}

func runSteps(t *testing.T, text string, steps []step) {
	t.Helper()
	m := newMachine(t, text)
	for i, s := range steps {
		got := m.do(s.event)
		want := trimLines(s.want)
		if s.event == "stop" { // the end of the process waits for every script
			want = regexp.MustCompile(`(?m)^>.*$`).ReplaceAllString(want, "$0 and waits")
		}
		if got != want {
			t.Errorf("step %d, %s:\n%s\nwant:\n%s", i, s.event, got, want)
		}
		if s.dests != "" && m.dests() != strings.Trim(s.dests, "-") {
			t.Errorf("step %d, %s: table %q, want %q", i, s.event, m.dests(), s.dests)
		}
	}
}

// trimLines takes the indentation off.
func trimLines(s string) string {
	var out []string
	for l := range strings.Lines(strings.TrimSpace(s)) {
		out = append(out, strings.TrimSpace(l))
	}
	return strings.Join(out, "\n")
}

package check

import (
	"fmt"
	"testing"
	"time"

	"keepalived-go/config"
)

// The whole product of what a checker of one part can be and what can come in.
func TestVerdictsOfOnePart(t *testing.T) {
	const retry = 2
	type state struct {
		up, ran, eager bool
		tries          int64
	}
	type outcome struct {
		state
		pause rest
		moved bool
	}
	truth := []bool{false, true}
	for k := range 8 * (retry + 1) {
		before := state{truth[k&1], truth[k>>1&1], truth[k>>2&1], int64(k >> 3)}
		for _, event := range []string{"ok 0", "fail 0", "late 0", "broken 0"} {
			want := outcome{state{before.up, true, false, before.tries}, untilNext, false}
			switch {
			case event == "broken 0":
				want.state = before
			case event == "ok 0":
				want = outcome{state{true, true, false, 0}, untilNext, !before.up}
			case before.up && !before.eager && before.tries < retry:
				want = outcome{state{true, true, false, before.tries + 1}, untilRetry, false}
			case before.up:
				want = outcome{state{false, true, false, 0}, untilNext, true}
			case !before.ran && (before.eager || before.tries == retry): // the first result of one that starts as failed
				want.tries = 0
			}
			m := newMachine(t, vsText("", fmt.Sprintf("TCP_CHECK {; retry %d; }", retry)))
			m.servers[0].up = before.up
			c := &m.servers[0].checkers[0]
			c.up, c.ran, c.eager, c.tries = before.up, before.ran, before.eager, before.tries
			m.do(event)
			got := outcome{state{c.up, c.ran, c.eager, c.tries}, m.paused, m.servers[0].up != before.up}
			if got != want {
				t.Errorf("%+v, %s: %+v, want %+v", before, event, got, want)
			}
		}
	}
}

const httpCheck = `HTTP_GET {; retry 1; url {; path /a; }; url {; path /b; }; %s; }`

func TestVerdictsOfSeveralParts(t *testing.T) {
	steps := func(name, text string, list ...partStep) {
		t.Run(name, func(t *testing.T) { runParts(t, text, list) })
	}
	plain := vsText("", "smtp_alert off; "+fmt.Sprintf(httpCheck, "delay_before_retry 1"))
	removing := "Removing service " + rs1 + " from VS " + vs1 + "\n* table\n> RS " + rs1 + " " + vs1 + " DOWN\n" +
		"Lost quorum 1-0=1 > 0 for VS " + vs1 + "\n> VS " + vs1 + " DOWN"
	adding := "Adding service " + rs1 + " to VS " + vs1 + "\n* table\n> RS " + rs1 + " " + vs1 + " UP\n" +
		"Gained quorum 1+0=1 <= 1 for VS " + vs1 + "\n> VS " + vs1 + " UP"
	steps("one url in each turn, up from the start", plain,
		partStep{"page 0", "", untilNext, 1},
		partStep{"page 0", "Remote Web server " + rs1 + " succeed on service.", untilNext, 0},
		partStep{"page 0", "", untilNext, 1},
		partStep{"page 0", "", untilNext, 0})
	steps("a failure is tried again, then all urls have to pass", plain,
		partStep{"page 0", "", untilNext, 1},
		partStep{"page 0", "Remote Web server " + rs1 + " succeed on service.", untilNext, 0},
		partStep{"page 0", "", untilNext, 1},
		partStep{"badpage 0", "", untilRetry, 1},
		partStep{"badpage 0", "HTTP_CHECK on service " + rs1 + " failed after 1 retries. (500)\n" + removing, untilLater, 1},
		partStep{"badpage 0", "", untilLater, 1},
		partStep{"page 0", "HTTP status code success to " + rs1 + " url(/b)", untilNext, 0},
		partStep{"page 0", "HTTP status code success to " + rs1 + " url(/a)", untilNext, 1},
		partStep{"page 0", "HTTP status code success to " + rs1 + " url(/b)\nRemote Web server " + rs1 + " succeed on service.\n" + adding, untilNext, 0})
	steps("until all urls have passed once, one failure is enough", plain,
		partStep{"page 0", "", untilNext, 1},
		partStep{"badpage 0", "HTTP_CHECK on service " + rs1 + " failed. (500)\n" + removing, untilLater, 1})
	steps("a failure on the way back begins again", plain,
		partStep{"badpage 0", "HTTP_CHECK on service " + rs1 + " failed. (500)\n" + removing, untilLater, 0},
		partStep{"page 0", "HTTP status code success to " + rs1 + " url(/a)", untilNext, 0},
		partStep{"page 0", "HTTP status code success to " + rs1 + " url(/a)", untilNext, 1},
		partStep{"badpage 0", "", untilRetry, 1},
		partStep{"page 0", "HTTP status code success to " + rs1 + " url(/b)\nRemote Web server " + rs1 + " succeed on service.\n" + adding, untilNext, 0})
	steps("a success takes the retries back", plain,
		partStep{"page 0", "", untilNext, 1},
		partStep{"page 0", "Remote Web server " + rs1 + " succeed on service.", untilNext, 0},
		partStep{"badpage 0", "", untilRetry, 0},
		partStep{"page 0", "", untilNext, 1},
		partStep{"badpage 0", "", untilRetry, 1},
		partStep{"page 0", "", untilNext, 0})
	steps("all failures are logged", vsText("", "smtp_alert off; "+fmt.Sprintf(httpCheck, "log_all_failures")),
		partStep{"badpage 0", "HTTP status code error to server " + rs1 + ". (500)\nHTTP_CHECK on service " + rs1 + " failed. (500)\n" + removing, untilLater, 0},
		partStep{"badpage 0", "", untilLater, 0})
	steps("starting as failed", vsText("alpha", "smtp_alert off; "+fmt.Sprintf(httpCheck, "retry 3")),
		partStep{"badpage 0", "HTTP_CHECK on service " + rs1 + " failed. (500)", untilLater, 0},
		partStep{"badpage 0", "", untilLater, 0})
	steps("fast recovery", vsText("alpha", "smtp_alert off; "+fmt.Sprintf(httpCheck, "fast_recovery")),
		partStep{"page 0", "HTTP status code success to " + rs1 + " url(/a)", noRest, 1},
		partStep{"page 0", "HTTP status code success to " + rs1 + " url(/b)\nRemote Web server " + rs1 + " succeed on service.\n" + adding, untilNext, 0},
		partStep{"badpage 0", "", untilRetry, 0},
		partStep{"badpage 0", "HTTP_CHECK on service " + rs1 + " failed after 1 retries. (500)\n" + removing, untilLater, 0},
		partStep{"page 0", "HTTP status code success to " + rs1 + " url(/a)", noRest, 0},
		partStep{"page 0", "HTTP status code success to " + rs1 + " url(/a)", noRest, 1},
		partStep{"page 0", "HTTP status code success to " + rs1 + " url(/b)\nRemote Web server " + rs1 + " succeed on service.\n" + adding, untilNext, 0})
	steps("mails", vsText("", fmt.Sprintf(httpCheck, "retry 0")),
		partStep{"badpage 0", "HTTP_CHECK on service " + rs1 + " failed. (500)\n" + removing + "\n@ Realserver " + rs1 + " of virtual server " + vs1 +
			" - DOWN | => CHECK failed on service : HTTP/SSL request failed <=", untilLater, 0},
		partStep{"page 0", "HTTP status code success to " + rs1 + " url(/a)", untilNext, 0},
		partStep{"page 0", "HTTP status code success to " + rs1 + " url(/a)", untilNext, 1},
		partStep{"page 0", "HTTP status code success to " + rs1 + " url(/b)\nRemote Web server " + rs1 + " succeed on service.\n" + adding +
			"\n@ Realserver " + rs1 + " of virtual server " + vs1 + " - UP | => CHECK succeed on service <=", untilNext, 0})
}

// partStep is one event of a check of several urls, what comes of it, and which url is next.
type partStep struct {
	event string
	want  string
	pause rest
	part  int
}

func runParts(t *testing.T, text string, steps []partStep) {
	t.Helper()
	m := newMachine(t, text)
	m.do("start")
	for i, s := range steps {
		if got := m.do(s.event); got != s.want {
			t.Errorf("step %d, %s:\n%s\nwant:\n%s", i, s.event, got, s.want)
		}
		if part := m.servers[0].checkers[0].part; m.paused != s.pause || part != s.part {
			t.Errorf("step %d, %s: pause %d and url %d, want %d and %d", i, s.event, m.paused, part, s.pause, s.part)
		}
	}
}

func TestPauses(t *testing.T) {
	short := config.Timing{DelayLoop: 5 * time.Second, DelayBeforeRetry: 2 * time.Second}
	long := config.Timing{DelayLoop: 5 * time.Second, DelayBeforeRetry: 9 * time.Second}
	for _, c := range []struct {
		rest rest
		t    config.Timing
		want time.Duration
	}{
		{untilNext, short, 5 * time.Second}, {untilRetry, short, 2 * time.Second}, {untilLater, short, 5 * time.Second},
		{untilNext, long, 5 * time.Second}, {untilRetry, long, 9 * time.Second}, {untilLater, long, 9 * time.Second},
		{noRest, long, 0},
	} {
		if got := pauseOf(c.rest, c.t); got != c.want {
			t.Errorf("rest %d of %+v: %v, want %v", c.rest, c.t, got, c.want)
		}
	}
}

package check

import (
	"reflect"
	"testing"

	"keepalived-go/config"
)

// TestReload takes a machine through some events, lets one of another configuration adopt it, and looks at what is
// said and at the table.
func TestReload(t *testing.T) {
	const quiet = "smtp_alert off; "
	const ss = "[10.0.0.99]:tcp:80"
	adding := "Adding service " + rs1 + " to VS " + vs1
	cases := []struct {
		name          string
		before, after string
		events        []string
		want          string
		dests         string
		then          []step
	}{
		{"the same", vsText("", "T", "T"), vsText("", "T", "T"), []string{"start", "ok 0", "ok 1"},
			"* table", "11=1 12=1", []step{{"ok 0", "", ""}}},
		{"a failed server stays out", vsText("", "T", "T"), vsText("", "T", "T"), []string{"start", "fail 0"},
			"* table", "12=1", []step{{"fail 0", "", "12=1"}}},
		{"a failed server stays out though its check is another one now",
			vsText("", quiet+"T", "T"), vsText("", quiet+"TCP_CHECK {; connect_port 81; retry 0; }", "T"), []string{"start", "fail 0"},
			"* table", "12=1", []step{{"ok 0", "TCP connection to " + rs1 + " success.\n" + adding + "\n* table\n> RS " + rs1 + " " + vs1 + " UP", "11=1 12=1"}}},
		{"a check that waits to be made again does not bring it back",
			vsText("", quiet+"T; TCP_CHECK {; connect_port 81; alpha; }"), vsText("", quiet+"T"), []string{"start"},
			"* table", "-", []step{{"fail 0", "TCP_CHECK on service " + rs1 + " failed. (refused)\n> RS " + rs1 + " " + vs1 + " DOWN", "-"}}},
		{"the failed check is gone and another one has passed",
			vsText("", quiet+"T; TCP_CHECK {; connect_port 81; }", quiet), vsText("", quiet+"TCP_CHECK {; connect_port 81; }", quiet), []string{"start", "fail 0 0", "ok 0 1"},
			adding + "\n* table\n> RS " + rs1 + " " + vs1 + " UP\n* table", "11=1 12=1", nil},
		{"no check is left", vsText("", quiet+"T", quiet), vsText("", quiet, quiet), []string{"start", "fail 0"},
			adding + "\n* table\n> RS " + rs1 + " " + vs1 + " UP\n* table", "11=1 12=1", nil},
		{"a new check of a server that is up need not pass first, and has its retries, alpha or not",
			vsText("", quiet+"T"), vsText("alpha", quiet+"TCP_CHECK {; connect_port 81; retry 1; delay_before_retry 3; }"), []string{"start", "ok 0"},
			"* table", "11=1", []step{
				{"fail 0", "", "11=1"},
				{"fail 0", "TCP_CHECK on service " + rs1 + " failed after 1 retries. (refused)\nRemoving service " + rs1 + " from VS " + vs1 +
					"\n* table\n> RS " + rs1 + " " + vs1 + " DOWN\nLost quorum 1-0=1 > 0 for VS " + vs1 + "\n> VS " + vs1 + " DOWN", "-"},
			}},
		{"retries go on under their new number", vsText("", quiet+"TCP_CHECK {; retry 5; }"), vsText("", quiet+"TCP_CHECK {; retry 2; }"),
			[]string{"start", "ok 0", "fail 0", "fail 0", "fail 0"}, "* table", "11=1",
			[]step{{"fail 0", "TCP_CHECK on service " + rs1 + " failed after 2 retries. (refused)\nRemoving service " + rs1 + " from VS " + vs1 +
				"\n* table\n> RS " + rs1 + " " + vs1 + " DOWN\nLost quorum 1-0=1 > 0 for VS " + vs1 + "\n> VS " + vs1 + " DOWN", "-"}}},
		{"new servers are up", "global_defs {\n}\n" + vsText("", "T"), "global_defs {\n rs_init_notifies\n}\n" + vsText("", "T", "T"), []string{"start", "ok 0"},
			"> RS " + rs2 + " " + vs1 + " UP\n* table", "11=1 12=1", nil},
		{"new servers are up, and nobody is told", vsText("", "T"), vsText("", "T", "T"), []string{"start", "ok 0"},
			"* table", "11=1 12=1", nil},
		{"new servers with alpha are not", vsText("", "T"), "global_defs {\n rs_init_notifies\n}\n" + vsText("alpha", "T", "T"), []string{"start", "ok 0"},
			"* table", "11=1", nil},
		{"the first result of a new check counts as one", vsText("", quiet+"T"), vsText("", quiet+"TCP_CHECK {; connect_port 81; }"), []string{"start", "ok 0"},
			"* table", "11=1", []step{{"ok 0", "TCP connection to " + rs1 + " success.", "11=1"}}},
		{"two checks that are the same", vsText("", quiet+"T; T"), vsText("", quiet+"T; T"), []string{"start", "ok 0 0", "fail 0 1"},
			"* table", "-", []step{{"ok 0 0", "", "-"}, {"ok 0 1", "TCP connection to " + rs1 + " success.\n" + adding + "\n* table\n> RS " + rs1 + " " + vs1 +
				" UP\nGained quorum 1+0=1 <= 1 for VS " + vs1 + "\n> VS " + vs1 + " UP", "11=1"}}},
		{"a removed server is mailed though checkers do not mail", vsText("", "T", "T"), "global_defs {\n no_checker_emails\n}\n" + vsText("", "T"), []string{"start"},
			"service " + rs2 + " no longer exist\nRemoving service " + rs2 + " from VS " + vs1 + "\n> RS " + rs2 + " " + vs1 + " DOWN\n" +
				"@ Realserver " + rs2 + " of virtual server " + vs1 + " - DOWN | => Removing <=\n* table", "11=1", nil},
		{"a server is gone", vsText("", `notify_down "/d"; T`, "T"), vsText("", "T"), []string{"start", "fail 1"},
			"service " + rs2 + " no longer exist\n* table", "11=1", nil},
		{"the first of two servers is gone", vsText("", "notify_down /d; T", "T"),
			"virtual_server 10.0.0.1 80 {\n lvs_sched rr\n lvs_method NAT\n protocol TCP\n real_server 10.0.0.12 80 {\n TCP_CHECK {\n retry 0\n }\n }\n}\n",
			[]string{"start", "ok 0", "ok 1"},
			"service " + rs1 + " no longer exist\nRemoving service " + rs1 + " from VS " + vs1 + "\n> RS " + rs1 + " " + vs1 + " DOWN [/d]\n" +
				"@ Realserver " + rs1 + " of virtual server " + vs1 + " - DOWN | => Removing <=\n* table", "12=1", nil},
		{"a weight", vsText("", "weight 2; T", "T"), vsText("", "weight 7; T", "T"), []string{"start", "fail 1"},
			"Changing weight from 2 to 7 for active service " + rs1 + " of VS " + vs1 + "\n* table\n* table", "11=7", nil},
		{"a quorum that is out of reach now", vsText("", "T", "T"), vsText("quorum 2", "T", "T"), []string{"start", "fail 1"},
			"Starting with quorum down 2-0=2 > 1 for VS " + vs1 + "\n> VS " + vs1 + " DOWN\n* table", "11=1", nil},
		{"a quorum that is reached now", vsText("quorum 2", "T", "T"), vsText("quorum 1; smtp_alert", "T", "T"), []string{"start", "fail 1"},
			"Gained quorum 1+0=1 <= 1 for VS " + vs1 + "\n> VS " + vs1 + " UP\n@ Virtualserver " + vs1 + " - UP | => Starting with quorum up 1+0=1 <= 1 <=\n* table", "11=1", nil},
		{"a sorry server for one without quorum", vsText("quorum 2", "T", "T"), vsText("quorum 2; sorry_server 10.0.0.99 80", "T", "T"), []string{"start", "fail 1"},
			"Starting with quorum down 2-0=2 > 1 for VS " + vs1 + "\nAdding sorry server " + ss + " to VS " + vs1 +
				"\nRemoving alive servers from the pool for VS " + vs1 + "\n* table\n> VS " + vs1 + " DOWN\n* table", "99=1", nil},
		{"the sorry server that serves is gone", vsText("quorum 2; sorry_server 10.0.0.99 80", "T", "T"), vsText("quorum 2", "T", "T"), []string{"start", "fail 1"},
			"Removing sorry server " + ss + " from VS " + vs1 + "\nAdding alive servers to the pool for VS " + vs1 + "\n* table", "11=1", nil},
		{"the sorry server that serves is another one", vsText("quorum 2; sorry_server 10.0.0.99 80", "T", "T"), vsText("quorum 2; sorry_server 10.0.0.98 80", "T", "T"), []string{"start", "fail 1"},
			"Removing sorry server " + ss + " from VS " + vs1 + "\nStarting with quorum down 2-0=2 > 1 for VS " + vs1 +
				"\nAdding sorry server [10.0.0.98]:tcp:80 to VS " + vs1 + "\nRemoving alive servers from the pool for VS " + vs1 +
				"\n* table\n> VS " + vs1 + " DOWN\n* table", "98=1", nil},
		{"the sorry server goes on", vsText("quorum 2; sorry_server 10.0.0.99 80", "T", "T"), vsText("quorum 2; sorry_server 10.0.0.99 80; sorry_server_inhibit", "T", "T"), []string{"start", "fail 1"},
			"* table", "99=1", nil},
		{"inhibit_on_failure of a server that is out", vsText("", "T", "T"), vsText("inhibit_on_failure", "T", "T"), []string{"start", "fail 1"},
			"* table", "11=1 12=0", nil},
		{"no inhibit_on_failure any more", vsText("inhibit_on_failure", "T", "T"), vsText("", "T", "T"), []string{"start", "fail 1"},
			"* table", "11=1", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			old, m := newMachine(t, c.before), newMachine(t, c.after)
			for _, event := range c.events {
				old.do(event)
			}
			if got := show(m.adopt(old.service)); got != c.want {
				t.Errorf("%s\nwant:\n%s", got, c.want)
			}
			if got := m.dests(); c.dests != "" && got != trimDash(c.dests) {
				t.Errorf("table %q, want %q", got, c.dests)
			}
			for _, s := range c.then {
				if got := m.do(s.event); got != s.want {
					t.Errorf("then %s:\n%s\nwant:\n%s", s.event, got, s.want)
				}
				if s.dests != "" && m.dests() != trimDash(s.dests) {
					t.Errorf("then %s: table %q, want %q", s.event, m.dests(), s.dests)
				}
			}
		})
	}
}

// trimDash reads "-" as an empty table.
func trimDash(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

// A process that goes on for another one says nothing, and is where that one was, after any events.
func TestResumeIsSilent(t *testing.T) {
	texts := []string{
		vsText("", "T", "T"), vsText("alpha; quorum 2; sorry_server 10.0.0.99 80", "T", "T"),
		vsText("inhibit_on_failure; quorum 2; hysteresis 1", "T; TCP_CHECK {; connect_port 81; retry 0; }", "weight 3; T"),
		vsText("alpha", "TCP_CHECK {; retry 3; }", "HTTP_GET {; url {; path /; }; }"),
	}
	runs := [][]string{{"start"}, {"start", "fail 0"}, {"start", "ok 0", "ok 1"}, {"start", "fail 1", "fail 0"}, {"start", "fail 1", "fail 0", "ok 1"}}
	for _, text := range texts {
		for _, run := range runs {
			old, m := newMachine(t, text), newMachine(t, text)
			for _, event := range run {
				old.do(event)
			}
			h := healthOf(old.service)
			if got := show(m.resume(h)); got != "* table" {
				t.Errorf("after %v resumed with\n%s\n%s", run, got, text)
			}
			if got, want := m.dests(), old.dests(); got != want || m.quorum != old.quorum || m.sorry != old.sorry {
				t.Errorf("after %v: table %q, want %q", run, got, want)
			}
			if again := healthOf(m.service); !sameHealth(again, h) {
				t.Errorf("after %v: %+v, want %+v", run, again, h)
			}
		}
	}
}

// What a checker adds to the weight of its server goes on over reloads and processes, and kinds that nothing checks
// stay passed.
func TestWeightsOfCheckersGoOn(t *testing.T) {
	text := vsText("alpha", "smtp_alert off; weight 4; T; DNS_CHECK {; }")
	cfg := decode(t, text)
	makes := func(k config.CheckKind) bool { return k != config.CheckDNS }
	fresh := func() *service { return newService(&cfg.VirtualServers[0], vs1, rules{}, makes) }
	old := fresh()
	old.start()
	old.checked(0, 0, Result{})
	old.servers[0].checkers[0].weight = 3
	old.setWeight(0, old.weights(0), true)
	old.take()
	reloaded, resumed := fresh(), fresh()
	if got := show(reloaded.adopt(old)) + show(resumed.resume(healthOf(old))); got != "* table* table" {
		t.Errorf("says\n%s", got)
	}
	for _, s := range []*service{reloaded, resumed} {
		if r := s.servers[0]; r.weight != 7 || r.checkers[0].weight != 3 || !r.checkers[1].idle || !r.up {
			t.Errorf("%+v", r)
		}
	}
}

func healthOf(s *service) Health {
	v := &virtual{identity: identity{key: "k", name: s.name}, cfg: s.cfg, state: s, whole: true}
	return v.health(true)
}

func sameHealth(a, b Health) bool { return reflect.DeepEqual(a, b) }

// What a reload changed while nobody ran is caught up with.
func TestResumeUnderAnotherConfiguration(t *testing.T) {
	old := newMachine(t, vsText("", "smtp_alert off; T", "T"))
	for _, event := range []string{"start", "fail 0", "ok 1"} {
		old.do(event)
	}
	h := healthOf(old.service)
	m := newMachine(t, vsText("", "smtp_alert off; T; TCP_CHECK {; connect_port 81; }", "weight 4; TCP_CHECK {; connect_port 82; }", "alpha; T", "T"))
	want := "Changing weight from 1 to 4 for active service " + rs2 + " of VS " + vs1 + "\n* table\n* table"
	if got := show(m.resume(h)); got != want {
		t.Errorf("%s\nwant:\n%s", got, want)
	}
	if got, want := m.dests(), "12=4 14=1"; got != want {
		t.Errorf("table %q, want %q", got, want)
	}
}

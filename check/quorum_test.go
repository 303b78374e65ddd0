package check

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestQuorum(t *testing.T) {
	const quiet = "smtp_alert off; "
	three := []string{quiet + "weight 1; T", quiet + "weight 1; T", quiet + "weight 3; T"}
	const rs3 = "[10.0.0.13]:tcp:80"
	failed := func(rs string) string {
		return "TCP_CHECK on service " + rs + " failed. (refused)\nRemoving service " + rs + " from VS " + vs1 + "\n"
	}
	added := func(rs string) string {
		return "TCP connection to " + rs + " success.\nAdding service " + rs + " to VS " + vs1 + "\n"
	}
	down := func(rs string) string { return "> RS " + rs + " " + vs1 + " DOWN" }
	up := func(rs string) string { return "> RS " + rs + " " + vs1 + " UP" }
	const ss = "[10.0.0.99]:tcp:80"
	cases := []struct {
		name  string
		text  string
		steps []step
	}{
		{"hysteresis", vsText(`quorum 3; hysteresis 1; smtp_alert; quorum_up "/qu"; quorum_down "/qd"`, three...), []step{
			{"start", `* table
				Gained quorum 3+1=4 <= 5 for VS ` + vs1 + `
				> VS ` + vs1 + ` UP [/qu]
				@ Virtualserver ` + vs1 + ` - UP | => Starting with quorum up 3+1=4 <= 5 <=`, "11=1 12=1 13=3"},
			{"fail 0", failed(rs1) + "* table\n" + down(rs1), ""},     // 4
			{"fail 1", failed(rs2) + "* table\n" + down(rs2), ""},     // 3, not less than 2
			{"ok 0", added(rs1) + "* table\n" + up(rs1), ""},          // 4
			{"fail 0", failed(rs1) + "* table\n" + down(rs1), "13=3"}, // 3
			{"ok 1", added(rs2) + "* table\n" + up(rs2), "12=1 13=3"}, // 4
			{"fail 2", failed(rs3) + "* table\n" + down(rs3) + // 1
				"\nLost quorum 3-1=2 > 1 for VS " + vs1 + "\n> VS " + vs1 + " DOWN [/qd]" +
				"\n@ Virtualserver " + vs1 + " - DOWN | => Lost quorum 3+1=2 <= 1 <=", "12=1"},
			{"ok 0", added(rs1) + "* table\n" + up(rs1), "11=1 12=1"}, // 2
			{"fail 0", failed(rs1) + "* table\n" + down(rs1), "12=1"}, // 1: was not up
			{"ok 2", added(rs3) + "* table\n" + up(rs3) + // 4
				"\nGained quorum 3+1=4 <= 4 for VS " + vs1 + "\n> VS " + vs1 + " UP [/qu]" +
				"\n@ Virtualserver " + vs1 + " - UP | => Gained quorum 3+1=4 <= 4 <=", "12=1 13=3"},
		}},
		{"hysteresis that never reaches 0: lost when nothing is up", vsText("quorum 2; hysteresis 1", quiet+"weight 5; T", quiet+"weight 1; T"), []step{
			{"start", "* table\nGained quorum 2+1=3 <= 6 for VS " + vs1 + "\n> VS " + vs1 + " UP", ""},
			{"fail 0", failed(rs1) + "* table\n" + down(rs1), "12=1"}, // 1 is 2-1
			{"fail 1", failed(rs2) + "* table\n" + down(rs2) + "\nLost quorum 2-1=1 > 0 for VS " + vs1 + "\n> VS " + vs1 + " DOWN", "-"},
		}},
		{"at the start without one nothing is lost", vsText("quorum 2; alpha; smtp_alert", quiet+"T", quiet+"T"), []step{
			{"start", "* table", "-"},
			{"ok 0", added(rs1) + "* table\n" + up(rs1), "11=1"},
		}},
		{"servers of weight 0 make none", vsText("", quiet+"weight 0; T", quiet+"weight 0; T"), []step{
			// A quorum of 1 is more than all weights together: 0 is used, and 0 is enough until it is looked at.
			{"start", "* table\nStarting with quorum down 0-0=0 > 0 for VS " + vs1 + "\n> VS " + vs1 + " DOWN", "11=0 12=0"},
		}},
		{"sorry server", vsText("quorum 2; sorry_server 10.0.0.99 80; alpha; smtp_alert", quiet+"T", quiet+"weight 2; T"), []step{
			{"start", `* table
				Starting with quorum down 2-0=2 > 0 for VS ` + vs1 + `
				Adding sorry server ` + ss + ` to VS ` + vs1 + `
				Removing alive servers from the pool for VS ` + vs1 + `
				* table
				> VS ` + vs1 + ` DOWN
				@ Virtualserver ` + vs1 + ` - DOWN | => Starting with quorum down 2+0=2 <= 0 <=`, "99=1"},
			{"ok 0", added(rs1) + up(rs1), "99=1"}, // up, and not in the table
			{"ok 1", added(rs2) + up(rs2) + `
				Gained quorum 2+0=2 <= 3 for VS ` + vs1 + `
				Removing sorry server ` + ss + ` from VS ` + vs1 + `
				Adding alive servers to the pool for VS ` + vs1 + `
				* table
				> VS ` + vs1 + ` UP
				@ Virtualserver ` + vs1 + ` - UP | => Gained quorum 2+0=2 <= 3 <=`, "11=1 12=2"},
			{"fail 1", failed(rs2) + "* table\n" + down(rs2) + `
				Lost quorum 2-0=2 > 1 for VS ` + vs1 + `
				Adding sorry server ` + ss + ` to VS ` + vs1 + `
				Removing alive servers from the pool for VS ` + vs1 + `
				* table
				> VS ` + vs1 + ` DOWN
				@ Virtualserver ` + vs1 + ` - DOWN | => Lost quorum 2+0=2 <= 1 <=`, "99=1"},
			{"weight 0 5", `Changing weight from 1 to 5 for active service ` + rs1 + ` of VS ` + vs1 + `
				Gained quorum 2+0=2 <= 5 for VS ` + vs1 + `
				Removing sorry server ` + ss + ` from VS ` + vs1 + `
				Adding alive servers to the pool for VS ` + vs1 + `
				* table
				> VS ` + vs1 + ` UP
				@ Virtualserver ` + vs1 + ` - UP | => Gained quorum 2+0=2 <= 5 <=`, "11=5"},
		}},
		{"stop while the sorry server serves: servers that are out are not told", vsText("quorum 2; sorry_server 10.0.0.99 80; omega", "T", "alpha; T"), []step{
			{"start", `* table
				Starting with quorum down 2-0=2 > 1 for VS ` + vs1 + `
				Adding sorry server ` + ss + ` to VS ` + vs1 + `
				Removing alive servers from the pool for VS ` + vs1 + `
				* table
				> VS ` + vs1 + ` DOWN`, "99=1"},
			{"stop", `Shutting down service ` + rs1 + ` from VS ` + vs1 + `
				Shutting down service ` + rs2 + ` from VS ` + vs1 + `
				> VS ` + vs1 + ` DOWN`, ""},
		}},
		{"sorry server and real servers that inhibit", vsText("sorry_server 10.0.0.99 80; sorry_server_inhibit; inhibit_on_failure; quorum 2", quiet+"T", quiet+"T"), []step{
			{"start", "* table\nGained quorum 2+0=2 <= 2 for VS " + vs1 + "\n> VS " + vs1 + " UP", "11=1 12=1 99=0"},
			{"fail 0", `TCP_CHECK on service ` + rs1 + ` failed. (refused)
				Disabling service ` + rs1 + ` of VS ` + vs1 + `
				* table
				` + down(rs1) + `
				Lost quorum 2-0=2 > 1 for VS ` + vs1 + `
				Enabling sorry server ` + ss + ` to VS ` + vs1 + `
				Removing alive servers from the pool for VS ` + vs1 + `
				* table
				> VS ` + vs1 + ` DOWN`, "11=0 12=0 99=1"},
			{"ok 0", `TCP connection to ` + rs1 + ` success.
				Enabling service ` + rs1 + ` of VS ` + vs1 + `
				` + up(rs1) + `
				Gained quorum 2+0=2 <= 2 for VS ` + vs1 + `
				Disabling sorry server ` + ss + ` from VS ` + vs1 + `
				Adding alive servers to the pool for VS ` + vs1 + `
				* table
				> VS ` + vs1 + ` UP`, "11=1 12=1 99=0"},
		}},
		{"weight of servers that are up and out", vsText("quorum 3; hysteresis 2", quiet+"weight 5; T", quiet+"weight 1; T"), []step{
			{"start", "* table\nGained quorum 3+2=5 <= 6 for VS " + vs1 + "\n> VS " + vs1 + " UP", ""},
			{"weight 0 5", "", ""},
			{"weight 0 -4", `Changing weight from 5 to 0 for active service ` + rs1 + ` of VS ` + vs1 + `
				* table`, "11=0 12=1"},
			{"weight 0 -9", "", "11=0 12=1"},
			{"fail 1", failed(rs2) + "* table\n" + down(rs2) + "\nLost quorum 3-2=1 > 0 for VS " + vs1 + "\n> VS " + vs1 + " DOWN", "11=0"},
			{"weight 1 3000000000", "Changing weight from 1 to 2147483647 for inactive service " + rs2 + " of VS " + vs1, "11=0"},
			{"ok 1", added(rs2) + "* table\n" + up(rs2) + "\nGained quorum 3+2=5 <= 2147483647 for VS " + vs1 + "\n> VS " + vs1 + " UP", "11=0 12=2147483647"},
		}},
		{"omega", vsText(`omega; smtp_alert; quorum_down "/qd"`, `notify_down "/d"; T`, quiet+"T", "T"), []step{
			{"start", "* table\nGained quorum 1+0=1 <= 3 for VS " + vs1 + "\n> VS " + vs1 + " UP\n@ Virtualserver " + vs1 + " - UP | => Starting with quorum up 1+0=1 <= 3 <=", ""},
			{"fail 2", failed(rs3) + "* table\n" + down(rs3) + "\n@ Realserver " + rs3 + " of virtual server " + vs1 + " - DOWN | => TCP CHECK failed on service <=", ""},
			{"stop", `Shutting down service ` + rs1 + ` from VS ` + vs1 + `
				` + down(rs1) + ` [/d]
				@ Realserver ` + rs1 + ` of virtual server ` + vs1 + ` - DOWN | => Shutting down <=
				Shutting down service ` + rs2 + ` from VS ` + vs1 + `
				` + down(rs2) + `
				Shutting down service ` + rs3 + ` from VS ` + vs1 + `
				> VS ` + vs1 + ` DOWN [/qd]
				@ Virtualserver ` + vs1 + ` - DOWN | => Shutting down <=`, ""},
		}},
		{"without omega nobody is told", vsText("smtp_alert", "T"), []step{
			{"start", "* table\nGained quorum 1+0=1 <= 1 for VS " + vs1 + "\n> VS " + vs1 + " UP\n@ Virtualserver " + vs1 + " - UP | => Starting with quorum up 1+0=1 <= 1 <=", ""},
			{"stop", "Shutting down service " + rs1 + " from VS " + vs1, ""},
		}},
		{"lvs_flush_on_stop goes through no servers", "global_defs {\n lvs_flush_on_stop\n}\n" + vsText("omega", "T"), []step{
			{"start", "* table\nGained quorum 1+0=1 <= 1 for VS " + vs1 + "\n> VS " + vs1 + " UP", ""},
			{"stop", "> VS " + vs1 + " DOWN", ""},
		}},
		{"removed by a reload", vsText("smtp_alert; inhibit_on_failure", "T", "T"), []step{
			{"start", "* table\nGained quorum 1+0=1 <= 2 for VS " + vs1 + "\n> VS " + vs1 + " UP\n@ Virtualserver " + vs1 + " - UP | => Starting with quorum up 1+0=1 <= 2 <=", ""},
			{"fail 1", `TCP_CHECK on service ` + rs2 + ` failed. (refused)
				Disabling service ` + rs2 + ` of VS ` + vs1 + `
				* table
				` + down(rs2) + `
				@ Realserver ` + rs2 + ` of virtual server ` + vs1 + ` - DOWN | => TCP CHECK failed on service <=`, ""},
			{"remove", `Removing Virtual Server ` + vs1 + `
				Removing service ` + rs1 + ` from VS ` + vs1 + `
				` + down(rs1) + `
				@ Realserver ` + rs1 + ` of virtual server ` + vs1 + ` - DOWN | => Removing <=
				Removing (inhibited) service ` + rs2 + ` from VS ` + vs1 + `
				> VS ` + vs1 + ` DOWN
				@ Virtualserver ` + vs1 + ` - DOWN | => Lost quorum 1+0=1 <= 0 <=`, ""},
		}},
		{"omega mails though checkers do not", "global_defs {\n no_checker_emails\n}\n" + vsText("omega", "T"), []step{
			{"start", "* table\nGained quorum 1+0=1 <= 1 for VS " + vs1 + "\n> VS " + vs1 + " UP", ""},
			{"stop", `Shutting down service ` + rs1 + ` from VS ` + vs1 + `
				` + down(rs1) + `
				@ Realserver ` + rs1 + ` of virtual server ` + vs1 + ` - DOWN | => Shutting down <=
				> VS ` + vs1 + ` DOWN`, ""},
		}},
		{"a group is removed", "virtual_server_group G {\n 10.0.0.1 80\n}\n" + strings.Replace(vsText("alpha", "T"), "10.0.0.1 80", "group G", 1), []step{
			{"start", "* table", ""},
			{"remove", "Removing Virtual Server Group [G]", ""},
		}},
		{"removed without a quorum", vsText("alpha", "T"), []step{
			{"start", "* table", ""},
			{"remove", "Removing Virtual Server " + vs1, ""},
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { runSteps(t, c.text, c.steps) })
	}
}

// Every walk through results ends in what the results alone say, whatever was before: servers without a failed check
// are up, the quorum has its hysteresis, and the table follows.
func TestWalksAgreeWithTheRules(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 400 {
		w := newWalk(t, random)
		w.m.do("start")
		w.settle()
		for range 60 {
			w.event(random)
			w.settle()
			w.compare()
		}
		if t.Failed() {
			t.Log(w.text)
			return
		}
	}
}

// walk is a machine beside a model of it that knows sums and nothing else.
type walk struct {
	t         *testing.T
	m         *machine
	text      string
	passes    [3]bool
	weights   [3]uint64
	quorum    uint64
	slack     uint64
	hasQuorum bool
	sorry     bool
	inhibit   bool
}

func newWalk(t *testing.T, random *rand.Rand) *walk {
	w := &walk{t: t, quorum: 1 + random.Uint64N(4), sorry: random.IntN(2) == 0, inhibit: random.IntN(2) == 0}
	w.slack = random.Uint64N(w.quorum)
	extra := fmt.Sprintf("quorum %d; hysteresis %d; ", w.quorum, w.slack)
	if w.sorry {
		extra += "sorry_server 10.0.0.99 80; "
	}
	if w.inhibit {
		extra += "inhibit_on_failure; "
	}
	var servers []string
	for i := range w.weights {
		w.weights[i] = 2 + random.Uint64N(3)
		s := fmt.Sprintf("weight %d; T", w.weights[i])
		if w.passes[i] = random.IntN(2) == 0; !w.passes[i] {
			s = "alpha; " + s
		}
		servers = append(servers, s)
	}
	w.text = vsText(extra, servers...)
	w.m = newMachine(t, w.text)
	return w
}

// event lets one result come in.
func (w *walk) event(random *rand.Rand) {
	i := random.IntN(len(w.passes))
	switch random.IntN(5) {
	case 0, 1:
		w.passes[i] = true
		w.m.do(fmt.Sprintf("ok %d", i))
	case 2, 3:
		w.passes[i] = false
		w.m.do(fmt.Sprintf("fail %d", i))
	default:
		w.weights[i] = random.Uint64N(6)
		w.m.do(fmt.Sprintf("weight %d %d", i, w.weights[i]))
	}
}

func (w *walk) settle() {
	sum := uint64(0)
	for i, ok := range w.passes {
		if ok {
			sum += w.weights[i]
		}
	}
	switch {
	case sum >= w.quorum+w.slack && sum > 0:
		w.hasQuorum = true
	case sum == 0 || sum < w.quorum-w.slack:
		w.hasQuorum = false
	}
}

// compare holds the table and the quorum against the model.
func (w *walk) compare() {
	w.t.Helper()
	var want []string
	serve := w.sorry && !w.hasQuorum
	for i, ok := range w.passes {
		switch {
		case ok && !serve:
			want = append(want, fmt.Sprintf("%d=%d", 11+i, w.weights[i]))
		case w.inhibit:
			want = append(want, fmt.Sprintf("%d=0", 11+i))
		}
	}
	if serve {
		want = append(want, "99=1")
	}
	if got := w.m.dests(); got != strings.Join(want, " ") || w.m.quorum != w.hasQuorum {
		w.t.Errorf("table %q, quorum %v; want %q, %v", got, w.m.quorum, strings.Join(want, " "), w.hasQuorum)
	}
}

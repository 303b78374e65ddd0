package e2e

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// dumpLimit is how long after the signal programs open a dump that do not wait for it.
const dumpLimit = 10 * time.Millisecond

// TestDumpTime measures from the signal to the end of the writer, by turns with Debian's: half of the dumps at least are
// there in time, or where the machine is too busy for Debian's, they are not much later.
func TestDumpTime(t *testing.T) {
	n := newNetwork(t, dialects[1])
	took := map[string]map[string][]time.Duration{}
	for i, p := range []lab.Program{ours, peer} {
		n.start(n.web[i], p, n.dialect.instance("VI_1", vrid+i, "MASTER", high, n.web[i].Address.Addr().Next().String(), ""))
		took[p.Name] = map[string][]time.Duration{}
	}
	for i := range 2 {
		_, err := n.daemons[i].WaitLine(n.context(n.dialect.masterDown(high)), 0, "Entering MASTER STATE")
		n.must(err)
	}
	files := slices.DeleteFunc(slices.Clone(dumps), func(d struct {
		signal unix.Signal
		name   string
	}) bool {
		return d.name == "keepalived_parent.data"
	})
	for range 15 {
		for _, file := range files {
			for i, p := range []lab.Program{ours, peer} {
				took[p.Name][file.name] = append(took[p.Name][file.name], n.timeDump(n.web[i], n.daemons[i], file.signal, file.name))
			}
		}
	}
	for _, file := range files {
		mine, theirs := median(took[ours.Name][file.name]), median(took[peer.Name][file.name])
		t.Logf("%s after %.1f ms, Debian's after %.1f ms", file.name, ms(mine), ms(theirs))
		if limit := max(dumpLimit, 3*theirs); !checksItself() && mine > limit {
			t.Errorf("%s is there after %v, want at most %v", file.name, mine, limit)
		}
	}
}

// timeDump is how long after its signal a dump is complete.
func (n *network) timeDump(host *lab.Host, d *lab.Daemon, s unix.Signal, name string) time.Duration {
	n.t.Helper()
	w, err := host.Watch(lab.Dir + "/tmp")
	n.must(err)
	defer w.Close()
	start := time.Now()
	n.must(d.Signal(s))
	n.must(w.Written(n.context(time.Second), name))
	return time.Since(start)
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

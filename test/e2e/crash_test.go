package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// crashes is how often the VRRP process is killed in a row.
const crashes = 5

// TestChildKilled kills our VRRP process while it is Master. The parent's next
// one resumes: the address never leaves, the peer stays Backup, no script
// runs again. (Debian's program does not promise this.) It is not parallel to others, as TestFamilyChildKilled.
func TestChildKilled(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			n := newNetwork(t, d)
			web1, web2 := n.web[0], n.web[1]
			_, err := web1.Write("notify.sh", notifyScript, 0o755)
			n.must(err)
			extra := `notify "` + lab.Dir + `/notify.sh any"` + "\n"
			daemon := n.start(web1, ours, "global_defs {\nscript_user root\n}\n"+d.instance("VI_1", vrid, "MASTER", high, vip.String(), extra))
			n.holder(web1, d.masterDown(high))
			n.startBehind(web2, peer, d.config("BACKUP", low))
			n.notified(web1, "any INSTANCE VI_1 MASTER 100", 1)
			began, changes := n.Frames.Len(), web1.Addresses.Len()

			child := 0
			for i := range crashes {
				child, err = daemon.VRRPChild(n.context(d.interval), child)
				n.must(err)
				mark := n.Frames.Len()
				n.must(unix.Kill(child, unix.SIGKILL))
				_, err = daemon.VRRPChild(n.context(d.interval), child)
				n.must(err)
				n.advert(mark, web1, d.interval, fmt.Sprintf("an advert after crash %d", i+1), lives)
			}
			n.must(second(n, n.Frames.Len()))
			if taken := n.adverts(began, web2, vrid); len(taken) > 0 {
				t.Errorf("the peer became Master: %d adverts", len(taken))
			}
			for _, f := range n.adverts(began, web1, vrid) {
				if a, _ := f.Advert(); a.Priority == 0 {
					t.Error("the dying process said goodbye")
				}
			}
			for _, c := range web1.Addresses.Since(changes) {
				if c.Address == vip && !c.Present {
					t.Errorf("the address left at %v", c.Time)
				}
			}
			content, err := web1.Read(lab.Dir + "/notified")
			n.must(err)
			if got := strings.Count(content, "MASTER"); got != 1 {
				t.Errorf("the script ran %d times for MASTER, want once:\n%s", got, content)
			}
			n.stop(daemon)
			n.onlyHostAddresses(web1)
		})
	}
}

// TestCrashLoop kills every VRRP process as soon as it is there. The peer
// takes over, and the address does not stay on both.
func TestCrashLoop(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	d := dialects[1]
	n := newNetwork(t, d)
	web1, web2 := n.web[0], n.web[1]
	daemon := n.start(web1, ours, d.config("MASTER", high))
	n.holder(web1, d.masterDown(high))
	n.startBehind(web2, peer, d.config("BACKUP", low))
	ctx, stop := context.WithCancel(n.context(10 * time.Second))
	killer := make(chan struct{})
	began := time.Now()
	go func() {
		defer close(killer)
		for child := 0; ; {
			pid, err := daemon.VRRPChild(ctx, child)
			if err != nil {
				return
			}
			child = pid
			_ = unix.Kill(child, unix.SIGKILL) // it may have ended by itself
		}
	}()
	n.holder(web2, d.masterDown(low)+time.Second)
	took := time.Since(began)
	stop()
	<-killer
	t.Logf("the address was on the peer alone after %v", took)
	if limit := 2*d.masterDown(low) + time.Second; took > limit {
		t.Errorf("address on one host only after %v, want at most %v", took, limit)
	}
}

// TestStaleAddressAfterCrash kills everything of a Master and starts it again
// with a lower priority than its peer has: the address that was left on the
// interface goes away, since the peer holds it.
func TestStaleAddressAfterCrash(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, d)
			web1, web2 := n.web[0], n.web[1]
			daemon := n.start(web1, ours, d.config("MASTER", high))
			n.holder(web1, d.masterDown(high))
			n.startBehind(web2, peer, d.config("BACKUP", low))
			mark := n.Frames.Len()
			n.must(daemon.KillAll(n.context(d.interval)))
			n.advert(mark, web2, d.masterDown(low), "an advert", lives)
			again := time.Now()
			n.start(web1, ours, d.config("BACKUP", low-1))
			n.holder(web2, d.masterDown(low))
			if took, limit := time.Since(again), d.masterDown(low)+time.Second; took > limit {
				t.Errorf("address on one host only after %v, want at most %v", took, limit)
			}
		})
	}
}

// TestParentKilled kills only the parent. Its child must not run on alone and
// unseen with the address: either the end of the parent ends it, or a fresh
// start puts things right.
func TestParentKilled(t *testing.T) {
	t.Parallel()
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, d)
			web1, web2 := n.web[0], n.web[1]
			daemon := n.start(web1, ours, d.config("MASTER", high))
			n.holder(web1, d.masterDown(high))
			n.startBehind(web2, peer, d.config("BACKUP", low))
			mark := n.Frames.Len()
			n.must(daemon.Signal(unix.SIGKILL))
			n.advert(mark, web2, d.masterDown(low), "an advert", lives)
			n.must(nobody(n.context(d.interval), web1))
			n.start(web1, ours, d.config("MASTER", high))
			n.holder(web1, d.masterDown(high))
		})
	}
}

package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestFamilyChildKilled kills our VRRP process while it is Master: the next one resumes, and the peer stays Backup. It is
// not parallel to others: where the machine is busy, a process may not be there again within three tenths of a second.
func TestFamilyChildKilled(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	for _, s := range styles {
		t.Run(s.name, func(t *testing.T) {
			n := newDualNetwork(t, s.dialect)
			d, web1, web2 := s.dialect, n.web[0], n.web[1]
			daemon := n.start(web1, ours, s.config(0, "MASTER", high))
			n.holdsAll(s, web1, d.masterDown(high))
			n.startBehind(web2, peer, s.config(1, "BACKUP", low))
			began, changes := n.Frames.Len(), web1.Addresses.Len()
			child := 0
			for range crashes {
				var err error
				child, err = daemon.VRRPChild(n.context(d.interval), child)
				n.must(err)
				n.must(unix.Kill(child, unix.SIGKILL))
				_, err = daemon.VRRPChild(n.context(d.interval), child)
				n.must(err)
				mark := n.Frames.Len() // what comes from now on is of the new process
				n.advert(mark, web1, d.interval, "an advert after the crash", lives)
			}
			n.must(second(n, n.Frames.Len()))
			if taken := n.adverts(began, web2, vrid); len(taken) > 0 {
				t.Errorf("the peer became Master: %d adverts", len(taken))
			}
			for _, c := range web1.Addresses.Since(changes) {
				if !c.Present && slices.Contains(s.addresses(), c.Address) {
					t.Errorf("%s left at %v", c.Address, c.Time)
				}
			}
			n.stop(daemon)
			n.clean(s, web1)
			if strings.Contains(s.name, "AH") {
				sequences(n, web1)
			}
		})
	}
}

// TestFamilyCrashLoop kills every VRRP process as soon as it is there: what is left on the interface is cleaned up.
func TestFamilyCrashLoop(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	for _, s := range styles {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			n := newDualNetwork(t, s.dialect)
			web1, web2 := n.web[0], n.web[1]
			daemon := n.start(web1, ours, s.config(0, "MASTER", high))
			n.holdsAll(s, web1, s.dialect.masterDown(high))
			n.startBehind(web2, peer, s.config(1, "BACKUP", low))
			ctx, stop := context.WithCancel(n.context(10 * time.Second))
			killer := make(chan struct{})
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
			n.holdsAll(s, web2, s.dialect.masterDown(low)+time.Second)
			stop()
			<-killer
		})
	}
}

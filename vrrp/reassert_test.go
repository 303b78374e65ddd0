package vrrp

import (
	"testing"
	"time"

	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/wire"
)

// remove takes an address off as somebody else would.
func (n *node) remove(address string) {
	n.kernel.mu.Lock()
	delete(n.kernel.addresses, addressOf(address))
	n.kernel.mu.Unlock()
}

func TestRemovedAddressComesBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a, b := pair(t, lan)
		with, without := linkState(true, "192.168.4.100/24", vip), linkState(true, "192.168.4.100/24")
		before := a.kernel.count()
		a.links.report(without, nil) // a view from before the address was put on
		settle(time.Millisecond)
		if a.kernel.count() != before {
			t.Error("an address that was not seen yet is missed")
		}
		a.links.report(with, nil)
		settle(5 * time.Second)
		sent := announced(lan, "a")
		for range 3 {
			a.remove(vip)
			a.links.report(without, nil)
			settle(time.Millisecond)
			if !a.has(vip) {
				t.Fatal("the address did not come back")
			}
			if now := announced(lan, "a"); now != sent+1 {
				t.Errorf("announced %d times, want once", now-sent)
			} else {
				sent = now
			}
			a.links.report(with, nil)
			settle(5 * time.Second)
		}
		expectState(t, a, fsm.Master)
		expectState(t, b, fsm.Backup)
		a.stop()
		b.stop()
	})
}

// Somebody who takes the address off all the time costs one write a second.
func TestReassertIsBounded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
		a.start(configOf(instance(100, time.Second)), nil)
		settle(5 * time.Second)
		with, without := linkState(true, "192.168.4.100/24", vip), linkState(true, "192.168.4.100/24")
		calls := a.kernel.count()
		for range 100 {
			a.links.report(with, nil)
			settle(10 * time.Millisecond)
			a.remove(vip)
			a.links.report(without, nil)
			settle(90 * time.Millisecond)
		}
		settle(time.Second)
		if n := a.kernel.count() - calls; n < 10 || n > 12 {
			t.Errorf("%d writes in 10 s, want 10 to 12", n)
		}
		if !a.has(vip) {
			t.Error("it gave up")
		}
		a.stop()
	})
}

// What a Backup does not have is none of its business.
func TestBackupDoesNotReassert(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a, b := pair(t, wire.NewLAN())
		calls := b.kernel.count()
		b.links.report(linkState(true, "192.168.4.200/24", vip), nil)
		settle(time.Millisecond)
		b.links.report(linkState(true, "192.168.4.200/24"), nil)
		settle(5 * time.Second)
		if b.kernel.count() != calls {
			t.Errorf("a Backup wrote to the kernel: %v", b.kernel.calls[calls:])
		}
		a.stop()
		b.stop()
	})
}

// The address that a dead process has left is there before the next one looks for the first time.
func TestRemovedAddressComesBackAfterResume(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
		cfg := instance(100, time.Second)
		last := InstanceState{
			Key: Key(cfg), State: fsm.Master, Priority: 100, BasePriority: 100, LastAdvert: newClockPair().mono - int64(time.Second),
		}
		a.kernel.addresses[addressOf(vip)] = true
		a.links.state = linkState(true, "192.168.4.100/24", vip)
		a.start(configOf(cfg), map[string]InstanceState{last.Key: last})
		settle(time.Second)
		expectState(t, a, fsm.Master)
		a.remove(vip)
		a.links.report(linkState(true, "192.168.4.100/24"), nil)
		settle(time.Millisecond)
		if !a.has(vip) {
			t.Error("the address did not come back")
		}
		a.stop()
	})
}

package vrrp

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/wire"
)

// TestStartupDelayOnReload has an instance that a reload adds wait for what is left of vrrp_startup_delay only.
func TestStartupDelayOnReload(t *testing.T) {
	for _, row := range []struct {
		delay, changed, at time.Duration // the delay, that of the reload, and when that is
		then               time.Duration // when the new instance is Master, at the latest
	}{
		{time.Minute, time.Minute, 100 * time.Second, 105 * time.Second},
		{time.Minute, time.Minute, 10 * time.Second, 65 * time.Second},
		{time.Minute, 20 * time.Second, 10 * time.Second, 25 * time.Second},
		{0, 0, 10 * time.Second, 15 * time.Second},
	} {
		inBubble(t, func(t *testing.T) {
			n := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
			cfg := configOf(member(1, 150))
			cfg.Global.StartupDelay = row.delay
			n.start(cfg, nil)
			settle(row.at)
			cfg.Instances, cfg.Global.StartupDelay = append(cfg.Instances, member(2, 150)), row.changed
			if err := errors.Join(n.engine.Check(cfg), n.engine.Reload(cfg)); err != nil {
				t.Fatal(err)
			}
			settle(row.then - row.at - 5*time.Second)
			if states, _ := n.engine.States(); states[1].State != fsm.Backup {
				t.Errorf("%+v: too soon it is %v", row, states[1].State)
			}
			settle(5 * time.Second)
			if states, _ := n.engine.States(); states[1].State != fsm.Master {
				t.Errorf("%+v: it is %v", row, states[1].State)
			}
			n.stop()
		})
	}
}

// TestIdentification has no datagram without a number of its own: the kernel would fill one in that AH has not signed.
func TestIdentification(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		n := newNode(t, lan, "a", "192.168.4.100/24")
		n.start(configOf(ahInstance(150)), nil)
		settle(5 * time.Second)
		_ = n.engine.do(func() { n.engine.order[0].ipID = 65534 })
		settle(3 * time.Second)
		seen := map[uint16]bool{}
		for _, f := range lan.Frames() {
			if f.From == "a" && f.Datagram != nil {
				seen[binary.BigEndian.Uint16(f.Datagram[4:])] = true
			}
		}
		if seen[0] || !seen[1] || !seen[65535] {
			t.Errorf("the numbers are %v", seen)
		}
		n.stop()
	})
}

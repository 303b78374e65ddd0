package vrrp

import (
	"fmt"
	"testing"
	"time"

	"keepalived-go/config"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/packet"
	"keepalived-go/vrrp/wire"
)

// many is a configuration of so many instances that their socket is read with pauses.
func many(priority uint8) config.Config {
	var c config.Config
	for i := range 20 {
		in := instance(priority, time.Second)
		in.Name, in.VRID = fmt.Sprintf("VI_%d", i), uint8(i+1)
		in.Addresses = []config.Address{{Prefix: addressOf(fmt.Sprintf("192.168.5.%d/32", i)), Dev: "eth0"}}
		c.Instances = append(c.Instances, in)
	}
	return c
}

func expectAll(t *testing.T, n *node, want fsm.State) {
	t.Helper()
	states, err := n.engine.States()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range states {
		if s.State != want {
			t.Errorf("%s: %s, want %s", n.name, s, want)
		}
	}
}

// A socket of many instances is read with pauses. No decision may be late by more than a pause, and none may be wrong.
func TestManyInstances(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a, b := newNode(t, lan, "a", "192.168.4.100/24"), newNode(t, lan, "b", "192.168.4.200/24")
		b.start(many(50), nil)
		settle(5 * time.Second)
		expectAll(t, b, fsm.Master)
		a.start(many(100), nil)
		settle(5 * time.Second)
		expectAll(t, a, fsm.Master)
		expectAll(t, b, fsm.Backup)
		settle(time.Minute)
		expectAll(t, b, fsm.Backup) // nothing was lost in the pauses

		since := time.Now()
		a.stop()
		settle(2 * time.Second)
		first := map[uint8]time.Duration{}
		for _, f := range lan.Frames() {
			vrid, ok := packet.VRID(f.Datagram)
			if _, seen := first[vrid]; ok && !seen && f.From == "b" && !f.Time.Before(since) {
				first[vrid] = f.Time.Sub(since)
			}
		}
		skew := 206 * time.Second / 256
		for vrid, took := range first {
			if took < skew || took > skew+longestPause {
				t.Errorf("router %d took over after %v, want %v and at most %v more", vrid, took, skew, longestPause)
			}
		}
		if len(first) != 20 {
			t.Errorf("%d of 20 took over", len(first))
		}

		// A Master hears a better one within a pause, however busy the socket is.
		better := newNode(t, lan, "c", "192.168.4.201/24")
		better.start(many(255), nil)
		settle(longestPause + time.Millisecond)
		expectAll(t, b, fsm.Backup)
		better.stop()
		b.stop()
	})
}

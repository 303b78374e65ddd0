package check

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"keepalived-go/netif"
)

func TestSuspend(t *testing.T) {
	text := strings.ReplaceAll(vsWith("ha_suspend", ""), "delay_loop 1", "delay_loop 2")
	service := " healthchecker for service [10.1.0.11]:tcp:80 for VS [10.1.0.100]:tcp:80"
	inBubble(t, func(t *testing.T, n *node) {
		n.links.set("10.1.0.1/24")
		n.net.times = map[addrPort][]time.Time{}
		begin := time.Now()
		n.start(text)
		if !n.lines.has("Deactivating" + service) {
			t.Errorf("lines:\n%s", n.lines.take())
		}
		n.lines.take()
		wait(5500 * time.Millisecond)
		expectTimes(t, "suspended", n.net.asked("10.1.0.11:80", begin))
		n.links.set("10.1.0.1/24", "10.1.0.100/32")
		wait(4 * time.Second) // until 9.5
		expectTimes(t, "active", n.net.asked("10.1.0.11:80", begin), 7, 9)
		expect(t, "lines", n.lines.take(), "Netlink reflector reports IP 10.1.0.100 added\nActivating"+service+"\nTCP connection to [10.1.0.11]:tcp:80 success.")
		n.links.set("10.1.0.1/24", "10.1.0.100/32", "fe80::1/64") // nothing of ours
		n.links.set("10.1.0.1/24")
		n.net.set("10.1.0.11:80", syscall.ECONNREFUSED)
		wait(10 * time.Second)
		expect(t, "lines", n.lines.take(), "Netlink reflector reports IP 10.1.0.100 removed\nSuspending"+service)
		expect(t, "what is suspended stays as it was", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1")
		n.reload(strings.Replace(text, "ha_suspend", "", 1))
		wait(3 * time.Second)
		expect(t, "checked again without ha_suspend", n.kernel.show(), "10.1.0.100:80:")
		if n.links.stopped != 1 {
			t.Error("the interfaces are still watched")
		}
		n.reload(text)
		n.lines.take()
		wait(5 * time.Second)
		asked := len(n.net.asked("10.1.0.11:80", begin))
		wait(10 * time.Second)
		if more := len(n.net.asked("10.1.0.11:80", begin)) - asked; more != 0 {
			t.Errorf("%d checks while suspended by a reload", more)
		}
		n.stop()
	})
}

func TestSuspendOfAGroup(t *testing.T) {
	text := "virtual_server_group G {\n10.1.0.100 80\n10.1.0.110-120 80\n}\n" + vsAt("group G", "ha_suspend", "")
	for _, c := range []struct {
		address string
		rests   bool
	}{{"10.1.0.100/32", false}, {"10.1.0.110/32", false}, {"10.1.0.115/24", false}, {"10.1.0.120/32", false}, {"10.1.0.121/32", true}, {"10.1.0.109/32", true}, {"10.1.0.1/24", true}} {
		inBubble(t, func(t *testing.T, n *node) {
			n.links.set(c.address)
			n.start(text)
			if n.lines.has("Deactivating") != c.rests {
				t.Errorf("%s: rests %v", c.address, !c.rests)
			}
			n.stop()
		})
	}
}

// failingLinks is a host on which interfaces cannot be watched, or of which nothing is heard.
type failingLinks struct{ err, heard error }

func (l failingLinks) Watch(report func(netif.State, error)) (func(), error) {
	if l.heard != nil {
		report(netif.State{}, l.heard)
	}
	return func() {}, l.err
}

func TestInterfacesThatCannotBeWatched(t *testing.T) {
	for _, c := range []struct {
		links Links
		want  string
	}{
		{failingLinks{err: syscall.EPERM}, "operation not permitted"},
		{failingLinks{heard: errors.New("no buffer")}, "no buffer"},
		{failingLinks{}, "no answer within 5s"},
		{nil, "nothing watches"},
	} {
		inBubble(t, func(t *testing.T, n *node) {
			n.start(vsWith("ha_suspend", ""), func(o *Options) { o.Links = c.links })
			if err := <-n.done; err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("runs with %v, want %s", err, c.want)
			}
		})
		inBubble(t, func(t *testing.T, n *node) {
			n.start(vsWith("", ""), func(o *Options) { o.Links = c.links })
			wait(time.Second)
			if err := n.engine.Reload(decode(t, vsWith("ha_suspend\nweight 5", ""))); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("reloads with %v, want %s", err, c.want)
			}
			expect(t, "table", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1")
			n.stop()
		})
	}
}

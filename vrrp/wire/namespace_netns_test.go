package wire

import (
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// twoNamespaces are two network namespaces with one veth cable between them: vrrp0, up, with 192.0.2.1/24 in the first
// and 192.0.2.2/24 in the second.
type twoNamespaces struct {
	t  *testing.T
	ns [2]netns.NsHandle

	cables int
}

// newTwoNamespaces locks the test to its thread, which ends with the test's goroutine.
func newTwoNamespaces(t *testing.T) *twoNamespaces {
	t.Helper()
	runtime.LockOSThread()
	n := &twoNamespaces{t: t}
	for i := range n.ns {
		ns, err := netns.New()
		if err != nil {
			t.Fatalf("new network namespace: %v", err)
		}
		t.Cleanup(func() { _ = ns.Close() })
		n.ns[i] = ns
	}
	for i := range n.ns {
		n.ip(i, "link set lo up")
	}
	n.cable("vrrp0", "192.0.2")
	return n
}

// cable connects the namespaces: an interface of that name on each side, up, with address 1 and 2 of the network.
func (n *twoNamespaces) cable(name, network string) {
	n.t.Helper()
	n.enter(0)
	attributes := netlink.NewLinkAttrs()
	attributes.Name = name
	// The kernel takes its time to notice the carrier where both ends have the same number in their namespaces.
	n.cables++
	attributes.Index = 100 + n.cables
	veth := &netlink.Veth{LinkAttrs: attributes, PeerName: name, PeerNamespace: netlink.NsFd(n.ns[1])}
	if err := netlink.LinkAdd(veth); err != nil {
		n.t.Fatalf("making the cable %s: %v", name, err)
	}
	for i := range n.ns {
		n.ip(i, "link set "+name+" up")
	}
	n.awaitRunning(name)
	for i := range n.ns {
		n.ip(i, fmt.Sprintf("addr add %s.%d/24 dev %s", network, i+1, name))
	}
}

// awaitRunning waits until both ends of a cable have noticed that it is whole; until then they send into the void.
// A call that changes something, made afterwards, returns only when the kernel is through with it.
func (n *twoNamespaces) awaitRunning(name string) {
	n.t.Helper()
	deadline := time.Now().Add(patience)
	for i := range n.ns {
		n.enter(i)
		for {
			link, err := net.InterfaceByName(name)
			if err != nil {
				n.t.Fatal(err)
			}
			if link.Flags&net.FlagRunning != 0 {
				break
			}
			if time.Now().After(deadline) {
				n.t.Fatalf("%s does not come up", name)
			}
			runtime.Gosched()
		}
	}
}

// enter moves the test's thread into one of the namespaces.
func (n *twoNamespaces) enter(side int) {
	n.t.Helper()
	if err := netns.Set(n.ns[side]); err != nil {
		n.t.Fatal(err)
	}
}

// ip runs ip(8) on one side, and leaves the thread there.
func (n *twoNamespaces) ip(side int, arguments string) {
	n.t.Helper()
	n.enter(side)
	if out, err := exec.Command("ip", strings.Fields(arguments)...).CombinedOutput(); err != nil {
		n.t.Fatalf("ip %s: %v: %s", arguments, err, out)
	}
}

// key is what a socket on one side is opened with.
func (n *twoNamespaces) key(side int, dev string) Key {
	n.t.Helper()
	n.enter(side)
	i, err := net.InterfaceByName(dev)
	if err != nil {
		n.t.Fatal(err)
	}
	return Key{Interface: dev, Index: i.Index, Group: netip.MustParseAddr("224.0.0.18")}
}

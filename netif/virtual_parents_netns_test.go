package netif

import (
	"errors"
	"math"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestVirtualLinkMoves has a link move to another parent, which a reload may ask for, and become one that needs no settings.
func TestVirtualLinkMoves(t *testing.T) {
	l := vmac(1)
	moved, six, sixToo := l, l, l
	moved.Parent = "base1"
	six.Family, sixToo.Family, sixToo.Parent = 6, 6, "base1"
	for name, to := range map[string]VirtualLink{"to another parent": moved, "to IPv6": six, "to both": sixToo} {
		t.Run(name, func(t *testing.T) {
			v := newVirtual(t)
			ip(t, "link add base1 type veth peer name far1")
			ip(t, "link set base1 up")
			if err := writeRPFilter("all", 1); err != nil {
				t.Fatal(err)
			}
			mustSet(t, v, l, true)
			mustSet(t, v, to, to.Parent != l.Parent)
			if got := setting4(t, "base0", "arp_ignore") + setting4(t, "base0", "arp_filter"); got != "00" {
				t.Errorf("the former parent has %s", got)
			}
			if _, uses := v.Saved()["base1"]; len(v.Saved()) > 1 || uses != (to == moved) {
				t.Errorf("saved %v", v.Saved())
			}
			if err := v.Remove(to); err != nil {
				t.Fatal(err)
			}
			if got := setting4(t, "base1", "arp_ignore") + setting4(t, "all", "rp_filter"); got != "01" || len(v.Saved()) != 0 {
				t.Errorf("at the end %s, saved %v", got, v.Saved())
			}
		})
	}
}

// TestVirtualLinkMoveFails has a link that cannot be made on its new parent, when that it was on another is over.
func TestVirtualLinkMoveFails(t *testing.T) {
	v := newVirtual(t)
	l := vmac(1)
	mustSet(t, v, l, true)
	l.Parent = "lo"
	if _, err := v.Set(l); err == nil {
		t.Error("a macvlan on the loopback")
	}
	if got := setting4(t, "base0", "arp_ignore"); got != "0" || len(v.Saved()) != 0 {
		t.Errorf("the former parent has %s, saved %v", got, v.Saved())
	}
}

// TestVirtualLinkParentComesBack has a parent that vanishes with its links and comes back with other settings.
func TestVirtualLinkParentComesBack(t *testing.T) {
	v := newVirtual(t)
	l := vmac(1)
	mustSet(t, v, l, true)
	ip(t, "link del base0")
	ip(t, "link add base0 type veth peer name far0")
	if err := os.WriteFile("/proc/sys/net/ipv4/conf/base0/arp_ignore", []byte("2"), 0); err != nil {
		t.Fatal(err)
	}
	ip(t, "link set base0 up")
	mustSet(t, v, l, true)
	if err := v.Remove(l); err != nil {
		t.Fatal(err)
	}
	if got := setting4(t, "base0", "arp_ignore"); got != "2" {
		t.Errorf("arp_ignore is %s at the end", got)
	}
}

// TestVirtualLinkParentSet has somebody set one setting of the parent while both are changed, and the link made again.
func TestVirtualLinkParentSet(t *testing.T) {
	for set, want := range map[string]string{"arp_ignore": "20", "arp_filter": "00"} {
		t.Run(set, func(t *testing.T) {
			v := newVirtual(t)
			l := vmac(1)
			mustSet(t, v, l, true)
			ip(t, "link del "+l.Name)
			if err := os.WriteFile("/proc/sys/net/ipv4/conf/base0/"+set, []byte(want[:1]), 0); err != nil {
				t.Fatal(err)
			}
			mustSet(t, v, l, true)
			if got := setting4(t, "base0", "arp_ignore") + setting4(t, "base0", "arp_filter"); got != "11" {
				t.Errorf("with the link: %s", got)
			}
			if err := v.Remove(l); err != nil {
				t.Fatal(err)
			}
			if got := setting4(t, "base0", "arp_ignore") + setting4(t, "base0", "arp_filter"); got != want {
				t.Errorf("at the end: %s, want %s", got, want)
			}
		})
	}
}

// TestVirtualLinkRPFilterRefused has a setting of the host that cannot be put back: those of the parent are all the same.
func TestVirtualLinkRPFilterRefused(t *testing.T) {
	v := newVirtual(t)
	mustSet(t, v, vmac(1), true)
	v.AdoptRPFilter(&RPFilter{All: math.MaxUint32}) // the kernel takes no such number
	if err := v.Remove(vmac(1)); !errors.Is(err, unix.EINVAL) {
		t.Errorf("%v, want EINVAL", err)
	}
	if got := setting4(t, "base0", "arp_ignore") + setting4(t, "base0", "arp_filter"); got != "00" {
		t.Errorf("the parent has %s", got)
	}
}

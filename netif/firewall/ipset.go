package firewall

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// kernelSets are the sets of the kernel in this network namespace.
type kernelSets struct{}

// kind is the type of a set with its family.
func (s ipset) kind() (name string, family uint8) {
	name, family = "hash:ip", unix.AF_INET
	if s.links {
		name = "hash:net,iface"
	}
	if s.ipv6 {
		family = unix.AF_INET6
	}
	return name, family
}

func (kernelSets) create(s ipset) error {
	kind, family := s.kind()
	return ask(func() error {
		return netlink.IpsetCreate(s.name, kind, netlink.IpsetCreateOptions{Replace: true, Family: family})
	})
}

// members fails for a set of another type, which is somebody else's.
func (kernelSets) members(s ipset) (list []member, there bool, err error) {
	var found *netlink.IPSetResult
	err = ask(func() (err error) { found, err = netlink.IpsetList(s.name); return err })
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if kind, family := s.kind(); found.TypeName != kind || found.Family != family {
		return nil, true, fmt.Errorf("ipset %s is one of type %s, not %s", s.name, found.TypeName, kind)
	}
	for _, e := range found.Entries {
		a, ok := netip.AddrFromSlice(e.IP)
		if !ok {
			return nil, true, fmt.Errorf("ipset %s has %v, which is no address", s.name, e.IP)
		}
		bits := int(e.CIDR)
		if !s.links {
			bits = a.BitLen()
		}
		list = append(list, member{netip.PrefixFrom(a, bits), e.IFace})
	}
	return list, true, nil
}

func (kernelSets) add(name string, m member) error {
	return ask(func() error { return netlink.IpsetAdd(name, m.entry()) })
}

func (kernelSets) remove(name string, m member) error {
	err := ask(func() error { return netlink.IpsetDel(name, m.entry()) })
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, nl.IPSetError(nl.IPSET_ERR_EXIST)) {
		return nil // it is gone
	}
	return err
}

func (kernelSets) flush(name string) error {
	return ask(func() error { return netlink.IpsetFlush(name) })
}

func (k kernelSets) destroy(s ipset) error {
	_, there, err := k.members(s)
	if err != nil || !there {
		return nil // without ipsets there is none, either, and one of another type is not ours
	}
	return ask(func() error { return netlink.IpsetDestroy(s.name) })
}

// entry is a member as the library has it. Adding one that is there is no error.
func (m member) entry() *netlink.IPSetEntry {
	e := &netlink.IPSetEntry{IP: net.IP(m.prefix.Addr().AsSlice()), IFace: m.link, Replace: true}
	if m.link != "" {
		e.CIDR = uint8(m.prefix.Bits())
	}
	return e
}

// ask asks the kernel. The library panics where a request ends otherwise than with an error number of the kernel.
func ask(request func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("asking the kernel for ipsets: %v", r)
		}
	}()
	return request()
}

package netif

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// VirtualLinks makes and removes virtual links in one network namespace, and the settings of their parents with them.
// Several goroutines may use it.
type VirtualLinks struct {
	work sync.Mutex // one at a time talks to the kernel
	conn *conn

	mu      sync.Mutex // never held while the kernel is asked
	parents map[string]*parent

	rpFilter *RPFilter // nil: not changed

	// Tell is given what the host was like before anything of it is changed, and after something was put back; nil tells
	// nobody. It is set before the first link.
	Tell func(Former)
}

// OpenVirtualLinks returns a VirtualLinks for the network namespace of the calling thread.
func OpenVirtualLinks() (*VirtualLinks, error) {
	c, err := dial()
	if err != nil {
		return nil, err
	}
	return &VirtualLinks{conn: c, parents: map[string]*parent{}}, nil
}

// Close gives the socket back. It must not be used afterwards.
func (v *VirtualLinks) Close() error {
	v.work.Lock()
	defer v.work.Unlock()
	return v.conn.close()
}

// Set makes l what it is to be: a link that fits is adopted, one that nearly fits is changed, one on another parent or of
// the other kind is replaced, and none is created. Then it is set up. created tells that there was none that could be kept.
//
// The error wraps ErrNotVirtual when the name is that of another kind of interface, ENODEV when the parent does not
// exist, EPERM without CAP_NET_ADMIN, EOPNOTSUPP when the kernel has no such links, and EADDRINUSE when another link has the
// MAC address, which is left alone: somebody may use it.
func (v *VirtualLinks) Set(l VirtualLink) (created bool, err error) {
	v.work.Lock()
	defer v.work.Unlock()
	base, err := v.conn.link(l.Parent)
	if err != nil {
		return false, fmt.Errorf("%s of %s: %w", l.Parent, l.Name, err)
	}
	index, created, err := v.place(l, base)
	if err != nil {
		return false, explain(l, err)
	}
	err = v.settle(l, base, index, created)
	if errors.Is(err, errTwin) {
		// A link that cannot be up would hide that one is missing.
		return false, errors.Join(explain(l, err), v.conn.deleteLink(index), v.release(l.Name, ""))
	}
	if err != nil {
		return created, fmt.Errorf("setting up %s: %w", l.Name, err)
	}
	return created, nil
}

// errTwin says why the kernel does not let a macvlan be up.
var errTwin = errors.New("another interface has the same MAC address, perhaps in another network namespace")

// explain adds what an error of the kernel means here.
func explain(l VirtualLink, err error) error {
	switch {
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("creating %s %s on %s needs CAP_NET_ADMIN: %w", l.kind(), l.Name, l.Parent, err)
	case errors.Is(err, unix.EOPNOTSUPP):
		return fmt.Errorf("creating %s %s on %s: this kernel has no %s, or %s cannot carry one: %w", l.kind(), l.Name, l.Parent, l.kind(), l.Parent, err)
	}
	return fmt.Errorf("creating %s %s on %s: %w", l.kind(), l.Name, l.Parent, err)
}

// place sees to it that there is a link of the name, kind and MAC address on the parent.
func (v *VirtualLinks) place(l VirtualLink, base detail) (index int, created bool, err error) {
	have, err := v.conn.link(l.Name)
	switch {
	case errors.Is(err, unix.ENODEV):
	case err != nil:
		return 0, false, err
	case have.Kind != kindMACVLAN && have.Kind != kindIPVLAN:
		return 0, false, ErrNotVirtual
	case have.Kind != l.kind() || !l.standsOn(base.Link, have.Link):
		if err := v.conn.deleteLink(have.Index); err != nil {
			return 0, false, fmt.Errorf("replacing: %w", err)
		}
		if err := v.release(l.Name, l.Parent); err != nil {
			return 0, false, err
		}
	case l.inMode(have.Link) && (l.IPVLAN || have.HardwareAddr == l.MAC):
		return have.Index, false, v.group(l, have)
	default:
		if err := v.checkTwins(l); err != nil {
			return 0, false, err
		}
		r := linkRequest(have.Index)
		addKind(r, l)
		return have.Index, false, errors.Join(v.conn.call(r, nil), v.group(l, have))
	}
	if err := v.checkTwins(l); err != nil {
		return 0, false, err
	}
	vrf := 0
	if base.Master != 0 {
		vrf = v.vrf(base.Master)
	}
	if err := v.conn.call(createRequest(l, base.Index, vrf, l.groupOn(base)), nil); err != nil {
		return 0, false, err
	}
	index, err = v.conn.index(l.Name)
	return index, true, err
}

// groupOn is the link group of l.
func (l VirtualLink) groupOn(base detail) uint32 {
	if l.Group.Set {
		return l.Group.Value
	}
	return base.Group
}

// group gives a link that was there the group that is asked for, if one is.
func (v *VirtualLinks) group(l VirtualLink, have detail) error {
	if !l.Group.Set || have.Group == l.Group.Value {
		return nil
	}
	return v.conn.setGroup(have.Index, l.Group.Value)
}

// checkTwins refuses a link that could not be up: the kernel lets one macvlan with a MAC address be up on an interface.
func (v *VirtualLinks) checkTwins(l VirtualLink) error {
	s, err := v.conn.state()
	if err != nil {
		return err
	}
	for _, other := range s.Twins(l) {
		if other.Up {
			return fmt.Errorf("%s has the same MAC address: %w", other.Name, unix.EADDRINUSE)
		}
	}
	return nil
}

// vrf is the index if the link with it is a VRF, else 0.
func (v *VirtualLinks) vrf(index int) int {
	s, err := v.conn.state()
	if err != nil || s.ByIndex[index].Kind != "vrf" {
		return 0
	}
	return index
}

// settle changes the settings of the link and of its parent, sets it up and gives it its address.
func (v *VirtualLinks) settle(l VirtualLink, base detail, index int, created bool) error {
	if !l.IPVLAN {
		settings := linkSettings6
		if l.Family == 4 {
			settings = linkSettings4
			if err := v.clearRPFilter(); err != nil {
				return err
			}
		}
		if err := v.conn.configure(index, settings); err != nil {
			return err
		}
	}
	if err := v.use(l, base); err != nil {
		return err
	}
	if err := allowIPv6(l.Name, l.IPv6); err != nil {
		return err
	}
	if !l.IPVLAN {
		if err := v.conn.noLinkLocal(index); err != nil && l.IPv6 {
			return err
		}
	}
	if err := v.conn.setUp(index); !l.IPVLAN && errors.Is(err, unix.EADDRINUSE) {
		return fmt.Errorf("%w: %w", errTwin, err)
	} else if err != nil {
		return err
	}
	if l.Address.Prefix.IsValid() {
		a := l.Address
		a.Dev = l.Name
		if err := v.conn.add(a); err != nil {
			return err
		}
	}
	if created && l.NotifyMsg {
		return v.conn.setGroup(base.Index, base.Group)
	}
	return nil
}

// Remove takes a link away, and gives the parent its settings back when it was the last one. That it does not exist is
// success; an interface that is no virtual link is left alone.
func (v *VirtualLinks) Remove(l VirtualLink) error {
	v.work.Lock()
	defer v.work.Unlock()
	have, err := v.conn.link(l.Name)
	switch {
	case errors.Is(err, unix.ENODEV):
		err = nil
	case err == nil && (have.Kind == kindMACVLAN || have.Kind == kindIPVLAN):
		err = v.conn.deleteLink(have.Index)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", l.Name, err)
	}
	return errors.Join(err, v.release(l.Name, ""))
}

package netif

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"
)

// Handle changes addresses in one network namespace. Several goroutines may use it; their calls take turns.
type Handle struct {
	mu   sync.Mutex
	conn *conn
	put  map[putAddress]int // the interfaces that addresses were put on: one may have got another name since
}

// putAddress is an address that was put on the interface that had a name then.
type putAddress struct {
	prefix netip.Prefix
	dev    string
}

// Open returns a Handle for the network namespace of the calling thread.
func Open() (*Handle, error) {
	c, err := dial()
	if err != nil {
		return nil, err
	}
	return &Handle{conn: c, put: map[putAddress]int{}}, nil
}

// Close gives the socket back. The Handle must not be used afterwards.
func (h *Handle) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.conn.close()
}

// AddAddress puts a on its interface. That it is there already with the same options is success; if it is there with
// other options it is taken off and put on anew. If it was put on another interface that had the name then, it is taken off
// that one. The error names address and interface and wraps the errno: ENODEV when
// the interface does not exist, EINVAL where the kernel refuses an option.
//
// As with ip-address(8) and upstream, PreferredLife is of IPv6 alone, and so is NoDAD; Broadcast, Scope and Label are
// of IPv4 alone.
func (h *Handle) AddAddress(a Address) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	index, err := h.conn.index(a.Dev)
	if err == nil {
		err = errors.Join(h.removeFormer(a, index), h.conn.addTo(a, index))
	}
	if err != nil {
		return fmt.Errorf("%s on %s: %w", a.Prefix, a.Dev, err)
	}
	h.put[putAddress{a.Prefix, a.Dev}] = index
	return nil
}

// DeleteAddress takes a off its interface, whatever its options are, and off the one that AddAddress has put it on, however
// that is called now. That it is not there, or that the interface does not exist, is success.
func (h *Handle) DeleteAddress(a Address) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	index, err := h.conn.index(a.Dev)
	switch {
	case err == nil:
		err = h.conn.removeFrom(a, index)
	case errors.Is(err, unix.ENODEV):
		err = nil
	}
	if err := errors.Join(err, h.removeFormer(a, index)); err != nil {
		return fmt.Errorf("%s on %s: %w", a.Prefix, a.Dev, err)
	}
	return nil
}

// removeFormer takes an address off the interface that it was put on, unless that has the index.
func (h *Handle) removeFormer(a Address, index int) error {
	key := putAddress{a.Prefix, a.Dev}
	former := h.put[key]
	delete(h.put, key)
	if former == 0 || former == index {
		return nil
	}
	return h.conn.removeFrom(a, former)
}

// Addresses returns the addresses of one interface with their options, in the kernel's order, those that IPv6 still
// probes included. The error wraps ENODEV when the interface does not exist.
func (h *Handle) Addresses(dev string) ([]Address, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	held, err := h.conn.held(dev)
	if err != nil {
		return nil, fmt.Errorf("reading addresses of %s: %w", dev, err)
	}
	list := make([]Address, len(held))
	for i, a := range held {
		list[i] = a.Address
		list[i].Dev = dev
	}
	return list, nil
}

// index is the interface's number now: a name may mean another interface than a moment ago.
func (c *conn) index(dev string) (int, error) {
	request, err := unix.NewIfreq(dev)
	if err != nil {
		return 0, fmt.Errorf("interface name %q: %w", dev, err)
	}
	if err := unix.IoctlIfreq(c.fd, unix.SIOCGIFINDEX, request); err != nil {
		return 0, err
	}
	return int(int32(request.Uint32())), nil
}

// held lists the addresses of an interface.
func (c *conn) held(dev string) ([]heldAddress, error) {
	index, err := c.index(dev)
	if err != nil {
		return nil, err
	}
	var list []heldAddress
	for range readTries {
		list = list[:0]
		err = c.addresses(index, func(a heldAddress) { list = append(list, a) })
		if !errors.Is(err, errInterrupted) {
			break
		}
	}
	return list, err
}

func (c *conn) add(a Address) error {
	index, err := c.index(a.Dev)
	if err != nil {
		return err
	}
	return c.addTo(a, index)
}

func (c *conn) addTo(a Address, index int) error {
	if !a.Prefix.IsValid() {
		return unix.EINVAL
	}
	err := c.call(addRequest(a, index), nil)
	if !errors.Is(err, unix.EEXIST) {
		return err
	}
	held, err := c.held(a.Dev)
	if err != nil {
		return err
	}
	for _, h := range held {
		if !h.same(a) {
			continue
		}
		if h.asWanted(a) {
			return nil
		}
		if err := c.call(deleteRequest(h.Address, index), nil); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return fmt.Errorf("replacing: %w", err)
		}
	}
	return c.call(addRequest(a, index), nil)
}

func (c *conn) removeFrom(a Address, index int) error {
	if !a.Prefix.IsValid() {
		return unix.EINVAL
	}
	err := c.call(deleteRequest(a, index), nil)
	for _, gone := range []error{unix.EADDRNOTAVAIL, unix.ENODEV, unix.ENXIO} {
		if errors.Is(err, gone) {
			return nil
		}
	}
	return err
}

package netif

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// Handle changes addresses in one network namespace. Several goroutines may use it; their calls take turns.
type Handle struct {
	mu   sync.Mutex
	conn *conn
}

// Open returns a Handle for the network namespace of the calling thread.
func Open() (*Handle, error) {
	c, err := dial()
	if err != nil {
		return nil, err
	}
	return &Handle{conn: c}, nil
}

// Close gives the socket back. The Handle must not be used afterwards.
func (h *Handle) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.conn.close()
}

// AddAddress puts a on its interface. That it is there already with the same options is success; if it is there with
// other options it is taken off and put on anew. The error names address and interface and wraps the errno: ENODEV when
// the interface does not exist, EINVAL where the kernel refuses an option.
//
// As with ip-address(8) and upstream, PreferredLife is of IPv6 alone, and so is NoDAD; Broadcast, Scope and Label are
// of IPv4 alone.
func (h *Handle) AddAddress(a Address) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.conn.add(a); err != nil {
		return fmt.Errorf("%s on %s: %w", a.Prefix, a.Dev, err)
	}
	return nil
}

// DeleteAddress takes a off its interface, whatever its options are. That it is not there, or that the interface does
// not exist, is success.
func (h *Handle) DeleteAddress(a Address) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.conn.remove(a); err != nil {
		return fmt.Errorf("%s on %s: %w", a.Prefix, a.Dev, err)
	}
	return nil
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
	if !a.Prefix.IsValid() {
		return unix.EINVAL
	}
	index, err := c.index(a.Dev)
	if err != nil {
		return err
	}
	err = c.call(addRequest(a, index), nil)
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

func (c *conn) remove(a Address) error {
	if !a.Prefix.IsValid() {
		return unix.EINVAL
	}
	index, err := c.index(a.Dev)
	if errors.Is(err, unix.ENODEV) {
		return nil
	}
	if err != nil {
		return err
	}
	err = c.call(deleteRequest(a, index), nil)
	for _, gone := range []error{unix.EADDRNOTAVAIL, unix.ENODEV, unix.ENXIO} {
		if errors.Is(err, gone) {
			return nil
		}
	}
	return err
}

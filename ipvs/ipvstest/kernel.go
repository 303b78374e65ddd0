// Package ipvstest has a kernel's table of virtual servers in memory, for tests.
package ipvstest

import (
	"maps"
	"net/netip"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"keepalived-go/ipvs"
)

// Kernel is a table with the rules of the real one: what it has cannot be added, and what it lacks cannot be changed or
// deleted. It is for any number of goroutines. The zero value is an empty table.
type Kernel struct {
	// Refuse, when it is set, may fail an operation. Set it before the table is used.
	Refuse func(ipvs.Operation) error

	mu       sync.Mutex
	services map[ipvs.Key]*service
	writes   uint64
	reads    uint64
}

type service struct {
	ipvs.Service
	order        []netip.AddrPort
	destinations map[netip.AddrPort]ipvs.Destination
}

// Read returns a copy of the whole table.
func (k *Kernel) Read() (ipvs.Table, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reads++
	t := make(ipvs.Table, len(k.services))
	for key, s := range k.services {
		e := ipvs.Entry{Service: s.Service}
		for _, a := range s.order {
			e.Destinations = append(e.Destinations, s.destinations[a])
		}
		t[key] = e
	}
	return t, nil
}

// Apply carries out operations in their order, as ipvs.Kernel does: it goes on with the others after one that failed, and
// returns ipvs.OperationErrors.
func (k *Kernel) Apply(operations []ipvs.Operation) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var failed ipvs.OperationErrors
	for _, o := range operations {
		k.writes++
		failed.Add(o, k.apply(o))
	}
	return failed.AsError()
}

// Meddle carries out operations as another program would: they are not counted and not refused, and their failures are
// nobody's.
func (k *Kernel) Meddle(operations ...ipvs.Operation) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, o := range operations {
		_ = k.change(o)
	}
}

// Flush empties the table.
func (k *Kernel) Flush() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.writes++
	k.services = nil
	return nil
}

// Writes is how many operations the table was asked for.
func (k *Kernel) Writes() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.writes
}

// Reads is how often the table was read.
func (k *Kernel) Reads() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.reads
}

// Keys lists the services in the order of ipvs.CompareKeys.
func (k *Kernel) Keys() []ipvs.Key {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.SortedFunc(maps.Keys(k.services), ipvs.CompareKeys)
}

func (k *Kernel) apply(o ipvs.Operation) error {
	if k.Refuse != nil {
		if err := k.Refuse(o); err != nil {
			return err
		}
	}
	return k.change(o)
}

func (k *Kernel) change(o ipvs.Operation) error {
	s := k.services[o.Service.Key]
	switch o.Verb {
	case ipvs.AddService:
		if s != nil {
			return unix.EEXIST
		}
		if k.services == nil {
			k.services = map[ipvs.Key]*service{}
		}
		k.services[o.Service.Key] = &service{Service: o.Service, destinations: map[netip.AddrPort]ipvs.Destination{}}
		return nil
	}
	if s == nil {
		return unix.ESRCH
	}
	switch o.Verb {
	case ipvs.EditService:
		s.Service = o.Service
	case ipvs.DeleteService:
		delete(k.services, o.Service.Key)
	default:
		return s.change(o)
	}
	return nil
}

func (s *service) change(o ipvs.Operation) error {
	d := o.Destination
	_, there := s.destinations[d.Addr]
	switch o.Verb {
	case ipvs.AddDestination:
		if there {
			return unix.EEXIST
		}
		s.order = append(s.order, d.Addr)
		s.destinations[d.Addr] = d
	case ipvs.EditDestination:
		if !there {
			return unix.ENOENT
		}
		s.destinations[d.Addr] = d
	case ipvs.DeleteDestination:
		if !there {
			return unix.ENOENT
		}
		delete(s.destinations, d.Addr)
		s.order = slices.DeleteFunc(s.order, func(a netip.AddrPort) bool { return a == d.Addr })
	default:
		return unix.EINVAL
	}
	return nil
}

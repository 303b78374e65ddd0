package ipvs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Attributes of the kernel's statistics.
const (
	statsConnections = 1
	statsPacketsIn   = 2
	statsPacketsOut  = 3
	statsBytesIn     = 4
	statsBytesOut    = 5
)

// Counters count since a service or a destination was added, or the kernel was told to begin anew.
type Counters struct {
	Connections           uint64
	PacketsIn, PacketsOut uint64
	BytesIn, BytesOut     uint64
}

// ServiceStatistics is what a service has done.
type ServiceStatistics struct {
	Key
	Counters
	Destinations []DestinationStatistics // in the order of their addresses
}

// DestinationStatistics is what a destination of a service has done, and does.
type DestinationStatistics struct {
	Addr netip.AddrPort
	Counters
	Active, Inactive, Persistent uint32 // connections that the kernel remembers now
}

// Statistics returns what every service and destination has done, in the order of CompareKeys.
func (k *Kernel) Statistics() ([]ServiceStatistics, error) {
	for range maxReads {
		list, err := k.statistics()
		if !errors.Is(err, errInterrupted) && !errors.Is(err, unix.ESRCH) && !errors.Is(err, unix.EINTR) {
			return list, err
		}
	}
	return nil, fmt.Errorf("reading statistics: services changed during each of %d attempts", maxReads)
}

func (k *Kernel) statistics() ([]ServiceStatistics, error) {
	var list []ServiceStatistics
	err := k.conversation.list(cmdGetService, func(row []byte) error {
		a, err := parseAttributes(row, attrService)
		if err != nil {
			return err
		}
		s, err := parseService(a)
		if err != nil {
			return err
		}
		counters, err := parseCounters(a[serviceStats], a[serviceStats32])
		list = append(list, ServiceStatistics{Key: s.Key, Counters: counters})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading statistics: %w", err)
	}
	slices.SortFunc(list, func(a, b ServiceStatistics) int { return CompareKeys(a.Key, b.Key) })
	for i := range list {
		if list[i].Destinations, err = k.destinationStatistics(list[i].Key); err != nil {
			return nil, fmt.Errorf("reading statistics of %s: %w", list[i].Key, err)
		}
	}
	return list, nil
}

func (k *Kernel) destinationStatistics(key Key) ([]DestinationStatistics, error) {
	var list []DestinationStatistics
	err := k.listDestinations(key, func(a map[uint16][]byte) error {
		d, err := parseDestination(a, key.Family)
		if err != nil {
			return err
		}
		counters, err := parseCounters(a[destinationStats], a[destinationStats32])
		list = append(list, DestinationStatistics{
			Addr: d.Addr, Counters: counters,
			Active: number(a[destinationActive]), Inactive: number(a[destinationInactive]), Persistent: number(a[destinationPersistent]),
		})
		return err
	})
	slices.SortFunc(list, func(a, b DestinationStatistics) int { return a.Addr.Compare(b.Addr) })
	return list, err
}

// parseCounters reads counters of 64 bits, or where an old kernel has none those of 32.
func parseCounters(wide, narrow []byte) (Counters, error) {
	if len(wide) == 0 {
		wide = narrow
	}
	list, err := nl.ParseRouteAttr(wide)
	if err != nil {
		return Counters{}, fmt.Errorf("parsing counters: %w", err)
	}
	a := byType(list)
	return Counters{
		Connections: count(a[statsConnections]),
		PacketsIn:   count(a[statsPacketsIn]), PacketsOut: count(a[statsPacketsOut]),
		BytesIn: count(a[statsBytesIn]), BytesOut: count(a[statsBytesOut]),
	}, nil
}

// count reads a counter of 32 or 64 bits.
func count(b []byte) uint64 {
	if len(b) >= 8 {
		return binary.NativeEndian.Uint64(b)
	}
	return uint64(number(b))
}

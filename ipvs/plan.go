package ipvs

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
)

// Rules say what Plan may do beyond making what is wanted. The zero value leaves every service alone that is not
// wanted, and adds before it deletes.
type Rules struct {
	// Owned are services that are deleted when they are not wanted, such as those of the former configuration. What
	// is neither wanted nor owned belongs to somebody else.
	Owned map[Key]bool
	// DeleteFirst are services whose superfluous destinations are deleted before others are added: a sorry server
	// and the servers that it stands in for do not serve together. In all other services additions come first, so
	// that a service never has fewer destinations than before and after.
	DeleteFirst map[Key]bool
}

// Plan lists the operations that lead from what the kernel has to what is wanted. It is empty when they do not
// differ. Services come in the order of CompareKeys, each one directly before its destinations, which come in the order
// in which they are wanted; services are deleted last. The kernel changes every property of a service and of a
// destination in place but those that identify it, so nothing that stays loses its connections or its counters.
func Plan(have, want Table, rules Rules) []Operation {
	var operations []Operation
	for _, k := range slices.SortedFunc(maps.Keys(want), CompareKeys) {
		operations = planService(operations, have, want[k], rules.DeleteFirst[k])
	}
	for _, k := range slices.SortedFunc(maps.Keys(rules.Owned), CompareKeys) {
		h, there := have[k]
		if _, wanted := want[k]; there && !wanted && rules.Owned[k] {
			operations = append(operations, Operation{Verb: DeleteService, Service: h.Service})
		}
	}
	return operations
}

func planService(operations []Operation, have Table, want Entry, deleteFirst bool) []Operation {
	h, there := have[want.Key]
	switch {
	case !there:
		operations = append(operations, Operation{Verb: AddService, Service: want.Service})
	case !h.Same(want.Service):
		operations = append(operations, Operation{Verb: EditService, Service: want.Service})
	}
	if slices.EqualFunc(h.Destinations, want.Destinations, Destination.Same) {
		return operations // quick where nothing changes
	}
	if deleteFirst {
		operations = planDeletions(operations, h.Destinations, want)
	}
	operations = planDestinations(operations, h.Destinations, want)
	if !deleteFirst {
		operations = planDeletions(operations, h.Destinations, want)
	}
	return operations
}

// planDestinations adds and changes destinations.
func planDestinations(operations []Operation, have []Destination, want Entry) []Operation {
	had := make(map[netip.AddrPort]*Destination, len(have))
	for i := range have {
		had[have[i].Addr] = &have[i]
	}
	for _, d := range want.Destinations {
		switch h := had[d.Addr]; {
		case h == nil:
			operations = append(operations, Operation{Verb: AddDestination, Service: want.Service, Destination: d})
		case !h.Same(d):
			operations = append(operations, Operation{Verb: EditDestination, Service: want.Service, Destination: d})
		}
	}
	return operations
}

// planDeletions deletes destinations that are not wanted, whoever added them.
func planDeletions(operations []Operation, have []Destination, want Entry) []Operation {
	if len(have) == 0 {
		return operations
	}
	wanted := make(map[netip.AddrPort]struct{}, len(want.Destinations))
	for _, d := range want.Destinations {
		wanted[d.Addr] = struct{}{}
	}
	first := len(operations)
	for _, d := range have {
		if _, ok := wanted[d.Addr]; !ok {
			operations = append(operations, Operation{Verb: DeleteDestination, Service: want.Service, Destination: d})
		}
	}
	// The kernel tells them in an order of its own.
	slices.SortFunc(operations[first:], func(a, b Operation) int {
		return a.Destination.Addr.Compare(b.Destination.Addr)
	})
	return operations
}

// Same says whether the kernel would make the same of two services. Without persistence its granularity means nothing.
func (s Service) Same(other Service) bool { return s.normal() == other.normal() }

func (s Service) normal() Service {
	if s.Timeout == 0 {
		s.Prefix, s.Mask = widest(s.Family), 0
	}
	return s
}

// Same says whether the kernel would make the same of two destinations. An encapsulation means nothing without a tunnel,
// a port of it nothing but for GUE, and a method nothing for an address of the kernel's own, which old kernels tell as
// Local.
func (d Destination) Same(other Destination) bool {
	a, b := d.normal(), other.normal()
	if a.Method == Local || b.Method == Local {
		a.Method, b.Method = Local, Local
		a.Encapsulation, b.Encapsulation = Encapsulation{}, Encapsulation{}
	}
	return a == b
}

func (d Destination) normal() Destination {
	switch {
	case d.Method != Tunnel:
		d.Encapsulation = Encapsulation{}
	case d.Encapsulation.Type != gue:
		d.Encapsulation.Port = 0
	}
	return d
}

// CompareKeys orders keys: addresses before marks, then by family, address, port, protocol and mark.
func CompareKeys(a, b Key) int {
	return cmp.Or(
		cmp.Compare(min(a.Mark, 1), min(b.Mark, 1)),
		cmp.Compare(a.Family, b.Family),
		a.Addr.Compare(b.Addr),
		cmp.Compare(a.Protocol, b.Protocol),
		cmp.Compare(a.Mark, b.Mark),
	)
}

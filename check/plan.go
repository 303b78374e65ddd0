package check

import (
	"slices"

	"keepalived-go/ipvs"
)

// plan lists the operations that lead from have to want; both are about services of ours only.
func plan(have, want ipvs.Table) []ipvs.Operation {
	var ops []ipvs.Operation
	for k, h := range have {
		if _, ok := want[k]; !ok {
			ops = append(ops, ipvs.Operation{Verb: ipvs.DeleteService, Service: h.Service})
		}
	}
	for k, e := range want {
		h, ok := have[k]
		if !ok || h.Scheduler == "" {
			ops = append(ops, ipvs.Operation{Verb: ipvs.AddService, Service: e.Service})
		} else if h.Service != e.Service {
			ops = append(ops, ipvs.Operation{Verb: ipvs.EditService, Service: e.Service})
		}
		for _, d := range h.Destinations {
			if !slices.ContainsFunc(e.Destinations, func(x ipvs.Destination) bool { return x.Addr == d.Addr }) {
				ops = append(ops, ipvs.Operation{Verb: ipvs.DeleteDestination, Service: e.Service, Destination: d})
			}
		}
		for _, d := range e.Destinations {
			i := slices.IndexFunc(h.Destinations, func(x ipvs.Destination) bool { return x.Addr == d.Addr })
			switch {
			case i < 0:
				ops = append(ops, ipvs.Operation{Verb: ipvs.AddDestination, Service: e.Service, Destination: d})
			case h.Destinations[i] != d:
				ops = append(ops, ipvs.Operation{Verb: ipvs.EditDestination, Service: e.Service, Destination: d})
			}
		}
	}
	return ops
}

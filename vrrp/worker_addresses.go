package vrrp

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"keepalived-go/netif"
)

// restore tries addresses again that the kernel has refused, unless all are to be put on anyway.
func (w *kernelWorker) restore(key, name string, refused []netif.Address) {
	w.stage(key, name, func(j *job) {
		if !j.assert {
			j.restore = refused
		}
	})
}

// addAddresses puts on what a job wants, or what was refused before. It notes in failed what is not there after it, and
// tells the engine what the kernel refuses. The same refusal of the same address is said once.
func (w *kernelWorker) addAddresses(j job, failed map[netip.Addr]bool) {
	if !j.assert && len(j.restore) == 0 {
		return
	}
	before, after := w.refused[j.key], map[place]string{}
	if !j.assert {
		maps.Copy(after, before)
	}
	for _, a := range slices.Concat(j.want, j.restore) {
		if w.superseded(j.key) {
			return // the instance has left this state meanwhile
		}
		err := w.kernel.AddAddress(a)
		if err != nil {
			err = fmt.Errorf("address: %w", err)
			failed[a.Prefix.Addr()] = true
		}
		if j.key == staticKey {
			w.failed(j, "adding", placeOf(a).text(), err)
			continue
		}
		at := placeOf(a)
		if delete(after, at); err != nil {
			after[at] = err.Error()
			if before[at] != after[at] {
				w.fail(j, fmt.Errorf("adding %w", err))
			}
		}
	}
	w.tellRefused(j, after)
}

// tellRefused tells the engine which addresses of an instance the kernel does not take, where there are or were any.
func (w *kernelWorker) tellRefused(j job, refused map[place]string) {
	if len(refused)+len(w.refused[j.key]) == 0 {
		return
	}
	if w.refused[j.key] = refused; len(refused) == 0 {
		delete(w.refused, j.key)
	}
	w.results <- result{key: j.key, name: j.name, refused: refused}
}

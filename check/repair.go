package check

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"keepalived-go/ipvs"
)

// Kernel is the table of virtual servers. Each call may take long.
type Kernel interface {
	// Read returns the whole table, also what belongs to others.
	Read() (ipvs.Table, error)
	// Apply carries out operations in their order. It goes on after one that failed, and returns ipvs.OperationErrors.
	Apply([]ipvs.Operation) error
	// Flush empties the table.
	Flush() error
}

// sharedKernel lets the worker and a check of a new configuration use the kernel one after the other.
type sharedKernel struct {
	mu sync.Mutex
	Kernel
}

// Read is Kernel's.
func (k *sharedKernel) Read() (ipvs.Table, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.Kernel.Read()
}

// Apply is Kernel's.
func (k *sharedKernel) Apply(ops []ipvs.Operation) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.Kernel.Apply(ops)
}

// Flush is Kernel's.
func (k *sharedKernel) Flush() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.Kernel.Flush()
}

// The pauses between attempts to bring a kernel into step that does not do what it is told. They go on for ever: when
// the memory or the module comes that it lacked, nothing else says so.
const (
	repairPause    = time.Second
	maxRepairPause = time.Minute
)

// repairs is how it goes with a kernel that does not do what it is told.
type repairs struct {
	failed map[ipvs.Key]string // services that are not as wanted, and what was said of each
	unread string              // what was said of a failure to read the table
	pause  time.Duration       // before the last attempt
	at     time.Time           // of the next attempt; zero: none
}

func (r *repairs) due(now time.Time) bool { return !r.at.IsZero() && !now.Before(r.at) }

// await waits for wake or the time of the next attempt.
func (r *repairs) await(wake <-chan struct{}) {
	if r.at.IsZero() {
		<-wake
		return
	}
	timer := time.NewTimer(time.Until(r.at))
	defer timer.Stop()
	select {
	case <-wake:
	case <-timer.C:
	}
}

// again plans the next attempt.
func (r *repairs) again(now time.Time) {
	r.pause = min(max(2*r.pause, repairPause), maxRepairPause)
	r.at = now.Add(r.pause)
}

// update brings some services to what is wanted, from what the kernel is known to have. When that fails somebody else
// was at the table: the kernel is read and compared.
func (w *tableWorker) update(keys map[ipvs.Key]struct{}, swapped map[ipvs.Key]bool) {
	wanted := w.table.wants(keys)
	if err := w.apply(w.plan(keys, wanted, swapped)); err != nil {
		w.restore(swapped)
		return
	}
	for k := range keys {
		w.table.done(k, wanted)
		delete(w.repair.failed, k)
	}
}

// plan compares what is wanted with what the kernel is known to have. All of that is ours.
func (w *tableWorker) plan(keys map[ipvs.Key]struct{}, wanted ipvs.Table, swapped map[ipvs.Key]bool) []ipvs.Operation {
	have := w.table.has(keys)
	owned := make(map[ipvs.Key]bool, len(have))
	for k := range have {
		owned[k] = true
	}
	return ipvs.Plan(have, wanted, ipvs.Rules{Owned: owned, DeleteFirst: swapped})
}

func (w *tableWorker) apply(operations []ipvs.Operation) error {
	if len(operations) == 0 {
		return nil
	}
	return w.kernel.Apply(operations)
}

// restore reads the kernel and brings every service of ours to what is wanted. One that the kernel refuses keeps no
// other one back.
func (w *tableWorker) restore(swapped map[ipvs.Key]bool) {
	kernel, err := w.look()
	if err != nil {
		w.unread(err)
		return
	}
	w.repair.unread = ""
	w.table.see(kernel)
	keys := w.table.all()
	wanted := w.table.wants(keys)
	failed := map[ipvs.Key]string{}
	if err := w.apply(w.plan(keys, wanted, swapped)); err != nil {
		var refused ipvs.OperationErrors
		if !errors.As(err, &refused) {
			w.unread(err)
			return
		}
		for _, r := range refused {
			if k := r.Operation.Service.Key; failed[k] == "" {
				failed[k] = r.Error()
			}
		}
	}
	for k := range keys {
		if _, bad := failed[k]; !bad {
			w.table.done(k, wanted)
		} else if _, ok := wanted[k]; ok {
			w.table.own([]ipvs.Key{k}) // the service itself may be there, and must go when nobody wants it any more
		}
	}
	w.account(failed)
}

// look reads the kernel, unless that was just done.
func (w *tableWorker) look() (ipvs.Table, error) {
	if first := w.first; first != nil {
		w.first = nil
		return first, nil
	}
	return w.kernel.Read()
}

// unread notes that the kernel could not be read.
func (w *tableWorker) unread(err error) {
	if text := err.Error(); text != w.repair.unread {
		w.repair.unread = text
		w.fail(fmt.Errorf("the kernel's table of virtual servers: %w", err))
	}
	w.repair.again(time.Now())
}

// maxComplaints bounds the lines about services that the kernel refuses.
const maxComplaints = 5

// account says what is new about services that are not as wanted, and plans the next attempt.
func (w *tableWorker) account(failed map[ipvs.Key]string) {
	said := 0
	for _, k := range slices.SortedFunc(maps.Keys(failed), ipvs.CompareKeys) {
		if text := failed[k]; w.repair.failed[k] != text {
			if said++; said <= maxComplaints {
				w.fail(errors.New(text))
			}
		}
	}
	if said > maxComplaints {
		w.fail(fmt.Errorf("%d more virtual services are not as configured", said-maxComplaints))
	}
	if len(failed) == 0 {
		w.repair = repairs{}
		return
	}
	w.repair.failed = failed
	w.repair.again(time.Now())
}

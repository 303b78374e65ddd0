package vrrp

import (
	"container/heap"
	"time"
)

// deadlines is a heap of routers ordered by their machine's deadline.
type deadlines struct{ heap routerHeap }

// set moves r to a new deadline; the zero time takes it out.
func (d *deadlines) set(r *router, at time.Time) {
	inHeap := !r.deadline.IsZero()
	r.deadline = at
	switch {
	case at.IsZero() && inHeap:
		heap.Remove(&d.heap, r.heapIndex)
	case at.IsZero():
	case inHeap:
		heap.Fix(&d.heap, r.heapIndex)
	default:
		heap.Push(&d.heap, r)
	}
}

// next is the earliest deadline.
func (d *deadlines) next() (time.Time, bool) {
	if len(d.heap) == 0 {
		return time.Time{}, false
	}
	return d.heap[0].deadline, true
}

// due is the router with the earliest deadline, if that is not after now.
func (d *deadlines) due(now time.Time) (*router, bool) {
	if len(d.heap) == 0 || d.heap[0].deadline.After(now) {
		return nil, false
	}
	return d.heap[0], true
}

type routerHeap []*router

func (h routerHeap) Len() int           { return len(h) }
func (h routerHeap) Less(i, j int) bool { return h[i].deadline.Before(h[j].deadline) }
func (h routerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].heapIndex, h[j].heapIndex = i, j
}

func (h *routerHeap) Push(x any) {
	r := x.(*router)
	r.heapIndex = len(*h)
	*h = append(*h, r)
}

func (h *routerHeap) Pop() any {
	old := *h
	r := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return r
}

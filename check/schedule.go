package check

import (
	"container/heap"
	"context"
	"math/rand/v2"
	"time"

	"keepalived-go/config"
)

// bootstrapDelay is how long after the start the first check may run; to it comes a random part of warmup.
const bootstrapDelay = time.Second

// task is one checker of one real server that runs again and again. Only the engine's goroutine touches it, except
// for prober, which belongs to the check that is in flight.
type task struct {
	prober  Prober
	vs      *virtual
	server  int // index in vs
	checker int // index in the server
	cancel  context.CancelFunc

	due      time.Time // zero: neither in the heap nor in the queue
	index    int32     // in the heap
	inFlight bool
	waiting  bool           // due, but too many checks are in flight
	gone     bool           // its configuration is: what comes in is void
	forward  *task          // who takes what comes in, after a reload
	broken   bool           // it was said that the check cannot be made
	notices  map[int]string // by part: what was said last of what is odd
}

// config is what the task checks.
func (t *task) config() *config.Checker {
	return &t.vs.cfg.RealServers[t.server].Checkers[t.checker]
}

// first is when a task begins.
func first(now time.Time, warmup time.Duration, random *rand.Rand) time.Time {
	at := now.Add(bootstrapDelay)
	if warmup > 0 {
		at = at.Add(time.Duration(random.Int64N(int64(warmup) + 1)))
	}
	return at
}

// pauseOf is how long a checker rests.
func pauseOf(r rest, t config.Timing) time.Duration {
	switch r {
	case untilRetry:
		return t.DelayBeforeRetry
	case untilLater:
		return max(t.DelayBeforeRetry, t.DelayLoop)
	case noRest:
		return 0
	default:
		return t.DelayLoop
	}
}

// schedule is a heap of tasks by the time at which they are due.
type schedule struct{ heap taskHeap }

// set moves a task to a time; the zero time takes it out.
func (s *schedule) set(t *task, at time.Time) {
	inHeap := !t.due.IsZero()
	t.due = at
	switch {
	case at.IsZero() && inHeap:
		heap.Remove(&s.heap, int(t.index))
	case at.IsZero():
	case inHeap:
		heap.Fix(&s.heap, int(t.index))
	default:
		heap.Push(&s.heap, t)
	}
}

// next is the earliest time.
func (s *schedule) next() (time.Time, bool) {
	if len(s.heap) == 0 {
		return time.Time{}, false
	}
	return s.heap[0].due, true
}

// take removes the earliest task that is due.
func (s *schedule) take(now time.Time) (*task, bool) {
	if len(s.heap) == 0 || s.heap[0].due.After(now) {
		return nil, false
	}
	t := s.heap[0]
	s.set(t, time.Time{})
	return t, true
}

type taskHeap []*task

func (h taskHeap) Len() int           { return len(h) }
func (h taskHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h taskHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = int32(i), int32(j)
}

func (h *taskHeap) Push(x any) {
	t := x.(*task)
	t.index = int32(len(*h))
	*h = append(*h, t)
}

func (h *taskHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return t
}

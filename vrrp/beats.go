package vrrp

import (
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// MaxBeats is how many instances Beats has room for. Instances beyond it run all the same; they only cannot resume.
const MaxBeats = 1 << 16

// BeatsSize is the size in bytes of the memory for Beats.
const BeatsSize = MaxBeats * 16

// Beats is memory that this process shares with the one that looks after it: the time of each instance's last advert,
// on CLOCK_MONOTONIC in nanoseconds, and the sequence of its authentication, by InstanceState.Slot. It outlives the
// process, so its successor knows how old the last advert is, and nobody has to be told about every single one.
type Beats []beat

type beat struct {
	last     atomic.Int64
	sequence atomic.Uint64
}

// NewBeats lays Beats over shared memory of BeatsSize bytes.
func NewBeats(memory []byte) Beats {
	return unsafe.Slice((*beat)(unsafe.Pointer(unsafe.SliceData(memory))), len(memory)/int(unsafe.Sizeof(beat{})))
}

// Last is the time in a slot, 0 when nothing was sent.
func (b Beats) Last(slot int) int64 {
	if slot < 0 || slot >= len(b) {
		return 0
	}
	return b[slot].last.Load()
}

// Sequence is the one in a slot, 0 where authentication does not count.
func (b Beats) Sequence(slot int) uint64 {
	if slot < 0 || slot >= len(b) {
		return 0
	}
	return b[slot].sequence.Load()
}

func (b Beats) set(slot int, at int64) {
	if slot >= 0 && slot < len(b) {
		b[slot].last.Store(at)
	}
}

func (b Beats) setSequence(slot int, sequence uint64) {
	if slot >= 0 && slot < len(b) {
		b[slot].sequence.Store(sequence)
	}
}

// slots hands out the places in Beats.
type slots struct {
	free []int
	next int
}

func (s *slots) take() int {
	if n := len(s.free); n > 0 {
		slot := s.free[n-1]
		s.free = s.free[:n-1]
		return slot
	}
	s.next++
	return s.next - 1
}

func (s *slots) give(slot int) { s.free = append(s.free, slot) }

// clockPair ties Go's clock to CLOCK_MONOTONIC, which it is on Linux, without a system call for each reading.
type clockPair struct {
	at   time.Time
	mono int64
}

func newClockPair() clockPair {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return clockPair{}
	}
	return clockPair{at: time.Now(), mono: ts.Nano()}
}

// monotonic is the time on CLOCK_MONOTONIC.
func (c clockPair) monotonic(t time.Time) int64 { return c.mono + int64(t.Sub(c.at)) }

// time is the time on Go's clock.
func (c clockPair) time(monotonic int64) time.Time {
	return c.at.Add(time.Duration(monotonic - c.mono))
}

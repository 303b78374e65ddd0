package daemon

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"keepalived-go/vrrp"
)

// sharedBeats is the memory in which the VRRP child notes when each instance sent last. The parent keeps it over the
// child's death.
type sharedBeats struct {
	file  *os.File
	beats vrrp.Beats
}

// newSharedBeats makes the memory, in the parent.
func newSharedBeats() (*sharedBeats, error) {
	fd, err := unix.MemfdCreate("keepalived.beats", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("making shared memory: %w", err)
	}
	file := os.NewFile(uintptr(fd), "keepalived.beats")
	if err := file.Truncate(vrrp.BeatsSize); err != nil {
		return nil, fmt.Errorf("sizing shared memory: %w", err)
	}
	beats, err := mapBeats(file)
	return &sharedBeats{file: file, beats: beats}, err
}

// mapBeats maps the memory behind a file that was handed over. It stays mapped for the life of the process.
func mapBeats(file *os.File) (vrrp.Beats, error) {
	memory, err := unix.Mmap(int(file.Fd()), 0, vrrp.BeatsSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mapping shared memory: %w", err)
	}
	return vrrp.NewBeats(memory), nil
}

// refresh gives each state the time of its instance's last advert, and the sequence of its authentication.
func (s *sharedBeats) refresh(states map[string]vrrp.InstanceState) {
	for key, state := range states {
		state.LastAdvert = max(state.LastAdvert, s.beats.Last(state.Slot))
		if sequence := s.beats.Sequence(state.Slot); sequence != 0 {
			state.Sequence = sequence
		}
		states[key] = state
	}
}

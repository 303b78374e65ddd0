package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Memory is what a daemon with all its processes occupies, in bytes.
type Memory struct {
	// PSS counts shared pages in parts, RSS in each process in full.
	PSS, RSS int64
}

// Memory adds up all processes of the daemon.
func (d *Daemon) Memory() (Memory, error) {
	var sum Memory
	tree, err := d.host.Tree(d.Pid())
	if err != nil {
		return sum, err
	}
	for _, e := range tree {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", e.Pid))
		if err != nil {
			return sum, err
		}
		for line := range strings.Lines(string(content)) {
			fields := strings.Fields(line)
			if len(fields) < 2 {
				continue
			}
			kilobytes, _ := strconv.ParseInt(fields[1], 10, 64)
			switch fields[0] {
			case "Pss:":
				sum.PSS += kilobytes << 10
			case "Rss:":
				sum.RSS += kilobytes << 10
			}
		}
	}
	return sum, nil
}

// CPU is the time that all threads of all processes of the daemon have run,
// as the scheduler accounts it. Threads that have ended do not count.
func (d *Daemon) CPU() (time.Duration, error) {
	tree, err := d.host.Tree(d.Pid())
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, e := range tree {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", e.Pid))
		if err != nil {
			return 0, err
		}
		for _, thread := range threads {
			content, err := os.ReadFile(thread)
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			if err != nil {
				return 0, err
			}
			first, _, _ := strings.Cut(string(content), " ")
			nanoseconds, err := strconv.ParseInt(first, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("reading %s: %w", thread, err)
			}
			sum += time.Duration(nanoseconds)
		}
	}
	return sum, nil
}

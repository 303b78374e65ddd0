package daemon

import (
	"bytes"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// As the first process of a container the parent inherits what scripts have left in the background, and nobody else
// takes notice of its end.

// Orphans are looked for a while after something has ended. What this process has started itself is waited for at
// once, so whatever is found dead at that many looks in a row is an orphan.
const (
	orphanLook  = time.Second
	orphanLooks = 3
)

// reapOrphans takes notice of the end of processes that this one has not started, when it is the first of all.
func (p *parent) reapOrphans() {
	if os.Getpid() != 1 {
		return
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, unix.SIGCHLD)
	go func() {
		for range ended {
			for seen := map[int]int{}; ; {
				time.Sleep(orphanLook)
				if seen = reapOld(seen, deadChildren("/proc", os.Getpid()), reap); len(seen) == 0 {
					break
				}
			}
		}
	}()
}

// reap takes notice of the end of a process.
func reap(pid int) { _, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil) } // somebody may have been faster

// reapOld reaps those of the dead that were seen often enough, and returns how often the others were.
func reapOld(seen map[int]int, dead []int, reap func(pid int)) map[int]int {
	left := map[int]int{}
	for _, pid := range dead {
		if looks := seen[pid] + 1; looks < orphanLooks {
			left[pid] = looks
		} else {
			reap(pid)
		}
	}
	return left
}

// deadChildren are the children of a process that have ended and that nobody has waited for.
func deadChildren(proc string, parent int) []int {
	files, err := filepath.Glob(proc + "/[0-9]*/stat")
	if err != nil {
		return nil
	}
	var dead []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it is gone
		}
		// PID (COMM) STATE PPID ...; the name may have brackets and spaces.
		fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
		if len(fields) < 2 || string(fields[0]) != "Z" || string(fields[1]) != strconv.Itoa(parent) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			dead = append(dead, pid)
		}
	}
	return dead
}

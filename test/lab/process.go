package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Process is a program that runs on a host.
type Process struct {
	// Lines is what it wrote to its standard output and error.
	Lines Record[Line]
	// Started is the moment before the program was executed.
	Started time.Time

	host *Host
	cmd  *exec.Cmd
	done chan struct{}
	// drained is closed when no process holds the output open any more.
	drained chan struct{}
	// Set before done is closed.
	status *os.ProcessState
	ended  time.Time
}

// Line is a line of output with the time at which it was read.
type Line struct {
	Time time.Time
	Text string
}

// Start runs a program on the host. env is added to the environment.
func (h *Host) Start(path string, args, env []string) (*Process, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = "/"
	cmd.Env = slices.Concat(os.Environ(), []string{"TMPDIR=" + Dir + "/tmp"}, env)
	cmd.Stdout, cmd.Stderr = write, write
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var started time.Time
	err = h.inside(func() error {
		started = time.Now().Round(0)
		return cmd.Start()
	})
	write.Close()
	if err != nil {
		read.Close()
		return nil, fmt.Errorf("starting %s on %s: %w", filepath.Base(path), h.Name, err)
	}
	p := &Process{Started: started, host: h, cmd: cmd, done: make(chan struct{}), drained: make(chan struct{})}
	go p.readLines(read)
	go func() {
		_ = cmd.Wait() // the status says it all
		p.status, p.ended = cmd.ProcessState, time.Now().Round(0)
		close(p.done)
	}()
	return p, nil
}

// readLines reads until the last process that holds the output has ended,
// which may be later than the program itself.
func (p *Process) readLines(from *os.File) {
	defer close(p.drained)
	defer from.Close()
	scanner := bufio.NewScanner(from)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		p.Lines.Add(Line{Time: time.Now().Round(0), Text: scanner.Text()})
	}
}

// Output is everything that was written so far.
func (p *Process) Output() string {
	var out strings.Builder
	for _, line := range p.Lines.Since(0) {
		out.WriteString(line.Text)
		out.WriteByte('\n')
	}
	return out.String()
}

// WaitLine waits for a line, from mark on, that contains the text.
func (p *Process) WaitLine(ctx context.Context, mark int, text string) (Line, error) {
	return p.Lines.Wait(ctx, mark, fmt.Sprintf("the line %q", text), func(l Line) bool { return strings.Contains(l.Text, text) })
}

// Pid is the number of the process as this machine counts.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Signal sends a signal.
func (p *Process) Signal(s unix.Signal) error { return p.cmd.Process.Signal(s) }

// Wait returns the exit status, -1 for a death by signal, and the time of
// the end.
func (p *Process) Wait(ctx context.Context) (int, time.Time, error) {
	select {
	case <-p.done:
		return p.status.ExitCode(), p.ended, nil
	case <-ctx.Done():
		return 0, time.Time{}, fmt.Errorf("waiting for %s to end: %w", filepath.Base(p.cmd.Path), ctx.Err())
	}
}

// Run starts a program and waits for its end.
func (h *Host) Run(ctx context.Context, path string, args, env []string) (status int, output string, err error) {
	p, err := h.Start(path, args, env)
	if err != nil {
		return 0, "", err
	}
	if status, _, err = p.Wait(ctx); err != nil {
		return status, p.Output(), err
	}
	// What it left in the background may hold the output open for longer.
	select {
	case <-p.drained:
	case <-ctx.Done():
		err = fmt.Errorf("reading the output of %s: %w", filepath.Base(path), ctx.Err())
	}
	return status, p.Output(), err
}

// Entry is a row of the host's process table.
type Entry struct {
	// Pid and Parent are as this machine counts, Inside as the host counts.
	Pid, Parent, Inside int
	Name                string
}

// Processes lists the host's processes, except its process 1.
func (h *Host) Processes() ([]Entry, error) {
	keeper := h.keeper.Process.Pid
	mine, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", keeper))
	if err != nil {
		return nil, err
	}
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var table []Entry
	for _, folder := range folders {
		// A process that ended between the listing and here is no error.
		if space, err := os.Readlink(folder + "/ns/pid"); err != nil || space != mine {
			continue
		}
		entry, err := readEntry(folder)
		if err == nil && entry.Pid != keeper {
			table = append(table, entry)
		}
	}
	return table, nil
}

func readEntry(folder string) (Entry, error) {
	content, err := os.ReadFile(folder + "/status")
	if err != nil {
		return Entry{}, err
	}
	var e Entry
	for line := range strings.Lines(string(content)) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		fields := strings.Fields(value)
		switch key {
		case "Name":
			e.Name = value
		case "State":
			// A zombie has ended; who is to reap it is not our business.
			if strings.HasPrefix(value, "Z") {
				return Entry{}, errors.New("zombie")
			}
		case "PPid":
			e.Parent, _ = strconv.Atoi(value)
		case "NSpid":
			e.Pid, _ = strconv.Atoi(fields[0])
			e.Inside, _ = strconv.Atoi(fields[len(fields)-1])
		}
	}
	return e, nil
}

// Tree lists a process of the host and everything below it.
func (h *Host) Tree(root int) ([]Entry, error) {
	all, err := h.Processes()
	if err != nil {
		return nil, err
	}
	members := map[int]bool{root: true}
	for range all {
		for _, e := range all {
			if members[e.Parent] {
				members[e.Pid] = true
			}
		}
	}
	return slices.DeleteFunc(all, func(e Entry) bool { return !members[e.Pid] }), nil
}

// Outside translates a process number of the host into the machine's.
func (h *Host) Outside(inside int) (int, error) {
	all, err := h.Processes()
	if err != nil {
		return 0, err
	}
	for _, e := range all {
		if e.Inside == inside {
			return e.Pid, nil
		}
	}
	return 0, fmt.Errorf("no process %d on %s", inside, h.Name)
}

package main

import (
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"keepalived-go/test/vm/talk"
)

// reporter lets several goroutines write reports.
type reporter struct {
	mu      sync.Mutex
	encoder *gob.Encoder
}

func (r *reporter) send(report talk.Report) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.encoder.Encode(report); err != nil {
		return fmt.Errorf("reporting: %w", err)
	}
	return nil
}

// runner runs one command at a time.
type runner struct {
	reports *reporter
	reaper  *reaper
	pid     atomic.Int64 // of the command that runs, 0 for none
	input   *os.File     // its standard input, nil where it has none
}

func newRunner(reports *reporter) *runner {
	return &runner{reports: reports, reaper: newReaper()}
}

func (r *runner) handle(request talk.Request) error {
	switch {
	case request.Command != nil:
		if err := r.start(*request.Command); err != nil {
			return r.reports.send(talk.Report{Exit: &talk.Exit{Error: err.Error(), Code: 127}})
		}
	case request.Input != nil:
		r.feed(request.Input.Data)
	case request.Signal != 0:
		if pid := int(r.pid.Load()); pid != 0 {
			_ = unix.Kill(pid, unix.Signal(request.Signal)) // it may have ended
		}
	}
	return nil
}

// feed writes to the command. One that reads no more has no use for it.
func (r *runner) feed(data []byte) {
	if r.input == nil {
		return
	}
	if len(data) > 0 {
		if _, err := r.input.Write(data); err == nil {
			return
		}
	}
	r.input.Close()
	r.input = nil
}

// start starts a command; a goroutine follows it to its end.
func (r *runner) start(c talk.Command) error {
	path, err := exec.LookPath(c.Args[0])
	if err != nil {
		return err
	}
	killed, err := killedForMemory()
	if err != nil {
		return err
	}
	if err := setClock(c.Now); err != nil {
		return err
	}
	pipes, err := openPipes(c)
	if err != nil {
		return err
	}
	process, ended, err := r.reaper.start(func() (*os.Process, error) {
		return os.StartProcess(path, c.Args, &os.ProcAttr{
			Dir:   c.Dir,
			Env:   append(os.Environ(), append([]string{"HOME=/root", "PWD=" + c.Dir}, c.Env...)...),
			Files: pipes.inside,
			Sys:   &unix.SysProcAttr{Setsid: true},
		})
	})
	pipes.closeInside()
	if err != nil {
		pipes.closeOutside()
		return err
	}
	r.pid.Store(int64(process.Pid))
	r.feed(nil)
	r.input = pipes.input
	go r.follow(ended, pipes, killed)
	return nil
}

// follow reports what a command writes and how it ends. What it left running
// is killed, so that the next one finds a quiet machine.
func (r *runner) follow(ended <-chan unix.WaitStatus, pipes *pipes, killed int) {
	var copies sync.WaitGroup
	for stream, file := range pipes.outputs {
		copies.Go(func() { r.pass(stream, file) })
	}
	status := <-ended
	r.pid.Store(0)
	exit := talk.Exit{Code: status.ExitStatus()}
	if status.Signaled() {
		exit.Code, exit.Signal = 128+int(status.Signal()), unix.SignalName(status.Signal())
	}
	_ = unix.Kill(-1, unix.SIGKILL) // there may be none
	copies.Wait()
	if now, err := killedForMemory(); err == nil {
		exit.Killed = now - killed
	}
	if err := r.reports.send(talk.Report{Exit: &exit}); err != nil {
		fmt.Println("init:", err)
	}
}

// pass sends on what a command writes to a stream.
func (r *runner) pass(stream int, from *os.File) {
	defer from.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if err := r.reports.send(talk.Report{Output: &talk.Output{Stream: stream, Data: buffer[:n]}}); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// killedForMemory counts the processes that the kernel killed for want of
// memory since it started.
func killedForMemory() (int, error) {
	content, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(content)) {
		if count, ok := strings.CutPrefix(line, "oom_kill "); ok {
			return strconv.Atoi(strings.TrimSpace(count))
		}
	}
	return 0, errors.New("/proc/vmstat does not count processes killed for want of memory")
}

package vm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"keepalived-go/test/vm/talk"
)

// Command is a program to run in a machine, as root.
type Command struct {
	// Args are the program, by path or to be looked up, and its arguments.
	Args []string
	// Env is added to the machine's environment.
	Env []string
	// Dir is the working directory, / where it is empty.
	Dir string
	// Stdin is the standard input, nil for none.
	Stdin io.Reader
	// Stdout and Stderr get the output as it comes, nil for nobody. Where
	// they are the same, it comes in the order of writing.
	Stdout, Stderr io.Writer
}

// Result is how a command ended.
type Result struct {
	// Code is the exit status, or 128 and the number of the signal.
	Code int
	// Signal names the signal that ended it, empty where none did.
	Signal string
}

// Run runs a command and waits for its end. Whatever it started ends with
// it. An exit status other than 0 is no error; ErrPanic, ErrHang, ErrEnded and
// ErrMemory are, with the last words of the kernel.
func (m *Machine) Run(ctx context.Context, c Command) (Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.console.forget()
	if c.Dir == "" {
		c.Dir = "/"
	}
	merge := c.Stdout == c.Stderr
	command := talk.Command{Args: c.Args, Env: c.Env, Dir: c.Dir, Merge: merge, Input: c.Stdin != nil, Now: time.Now()}
	var send sync.Mutex
	request := func(r talk.Request) error {
		send.Lock()
		defer send.Unlock()
		return m.requests.Encode(r)
	}
	if err := request(talk.Request{Command: &command}); err != nil {
		return Result{}, m.whyEnded()
	}
	if c.Stdin != nil {
		go feed(c.Stdin, request)
	}
	exit, err := m.follow(ctx, c)
	if errors.Is(err, ErrHang) {
		_ = request(talk.Request{Signal: int(syscall.SIGQUIT)}) // the machine may hang as a whole
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.quitTime)
		defer cancel()
		if _, lastErr := m.follow(last, c); lastErr != nil {
			m.qemu.kill()
		}
	}
	if err != nil {
		return Result{}, fmt.Errorf("running %s: %w", c.Args[0], err)
	}
	return m.result(c, exit)
}

func (m *Machine) result(c Command, exit *talk.Exit) (Result, error) {
	r := Result{Code: exit.Code, Signal: exit.Signal}
	switch {
	case exit.Error != "":
		return r, fmt.Errorf("starting %s in the machine: %s", c.Args[0], exit.Error)
	case exit.Killed > 0:
		return r, fmt.Errorf("running %s: %w: %d processes were killed\n%s", c.Args[0], ErrMemory, exit.Killed, m.console)
	}
	return r, nil
}

// follow passes on what a command writes until it ends.
func (m *Machine) follow(ctx context.Context, c Command) (*talk.Exit, error) {
	for {
		r, err := m.next(ctx)
		if err != nil {
			return nil, err
		}
		if r.Exit != nil {
			return r.Exit, nil
		}
		if r.Output == nil {
			continue
		}
		to := c.Stdout
		if r.Output.Stream == talk.Stderr {
			to = c.Stderr
		}
		if to != nil {
			if _, err := to.Write(r.Output.Data); err != nil {
				return nil, fmt.Errorf("passing the output on: %w", err)
			}
		}
	}
}

// feed sends the standard input; what cannot be sent any more has no reader.
func feed(from io.Reader, request func(talk.Request) error) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && request(talk.Request{Input: &talk.Input{Data: buffer[:n]}}) != nil {
			return
		}
		if err != nil {
			_ = request(talk.Request{Input: &talk.Input{}}) // as above
			return
		}
	}
}

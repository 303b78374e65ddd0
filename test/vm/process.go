package vm

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

// helper is a program outside that a machine needs.
type helper struct {
	command *exec.Cmd
	ended   chan struct{}
	err     error // how it ended, once ended is closed
}

// startHelper starts a program that the kernel ends when this process dies.
func startHelper(command *exec.Cmd) (*helper, error) {
	h := &helper{command: command, ended: make(chan struct{})}
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error, 1)
	go func() {
		// The kernel ends the program with the thread that started it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			h.err = command.Wait()
			close(h.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", filepath.Base(command.Path), err)
	}
	return h, nil
}

// kill ends the program and waits for its end.
func (h *helper) kill() {
	_ = h.command.Process.Kill() // it may have ended
	<-h.ended
}

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"keepalived-go/test/lab"
	"keepalived-go/test/vm"
)

// directorsPart is the word of the command line for the second part alone.
const directorsPart = "directors"

// directorsLimit is how long the second part may take: it may run on a machine
// that is made of software.
const directorsLimit = 3 * time.Minute

// directorsAnywhere shows the second part here where the kernel has ip_vs, else
// in a virtual machine with Debian's kernel.
func directorsAnywhere(ctx context.Context, s *stage) error {
	if hasIPVS(ctx) {
		return showDirectors(ctx, s)
	}
	root, err := lab.Root()
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	s.plain("")
	s.say("This machine's kernel has no ip_vs. The rest is shown in a virtual machine with Debian's kernel.")
	machine, err := vm.Boot(ctx, vm.Options{Root: root})
	if err != nil {
		return fmt.Errorf("starting a virtual machine: %w", err)
	}
	defer machine.Close()
	s.event("Linux %s has started in it, after %.1f s", machine.Kernel, machine.BootTime.Seconds())
	command := vm.Command{Args: []string{program, directorsPart}, Dir: root, Stdout: os.Stdout, Stderr: os.Stderr}
	if s.color {
		command.Env = []string{"CLICOLOR_FORCE=1"}
	}
	result, err := machine.Run(ctx, command)
	if err == nil && result.Code != 0 {
		err = fmt.Errorf("the part in the virtual machine ended with status %d", result.Code)
	}
	return err
}

// hasIPVS tells whether the kernel has ip_vs, or gets it.
func hasIPVS(ctx context.Context) bool {
	const table = "/proc/net/ip_vs"
	if _, err := os.Stat(table); err == nil {
		return true
	}
	_ = exec.CommandContext(ctx, "modprobe", "-q", "ip_vs").Run() // whether it helped is seen next
	_, err := os.Stat(table)
	return err == nil
}

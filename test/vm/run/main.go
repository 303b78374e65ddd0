// Command run boots the virtual machine of the tests and runs one command in
// it, with the files of the outside. scripts/vm calls it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"keepalived-go/test/lab"
	"keepalived-go/test/vm"
)

func main() {
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "vm:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run() (int, error) {
	var o vm.Options
	flags := pflag.NewFlagSet("vm", pflag.ContinueOnError)
	flags.SetInterspersed(false)
	flags.IntVarP(&o.CPUs, "cpus", "c", 2, "processors")
	memory := flags.Int64P("memory", "m", 1024, "memory in MiB")
	limit := flags.DurationP("time", "t", 10*time.Minute, "how long it may take")
	bare := flags.BoolP("bare", "b", false, "load no modules at the start")
	verbose := flags.BoolP("verbose", "v", false, "show the console, and how long the machine took to boot")
	flags.StringArrayVarP(&o.Writable, "write", "w", nil, "folder in which changes are kept (any number of times)")
	env := flags.StringArrayP("env", "e", nil, "NAME=VALUE for the command (any number of times)")
	flags.Usage = func() {
		fmt.Fprintf(os.Stderr, "usage: scripts/vm [OPTION...] [--] COMMAND [ARGUMENT...]\n%s", flags.FlagUsages())
	}
	if err := flags.Parse(os.Args[1:]); err != nil {
		return 2, nil // it has been said
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return 2, nil
	}
	o.Memory = *memory << 20
	if *bare {
		o.Modules = []string{}
	}
	if *verbose {
		o.Console = os.Stderr
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, *limit)
	defer cancel()
	return inMachine(ctx, o, vm.Command{Args: flags.Args(), Env: *env}, *verbose)
}

func inMachine(ctx context.Context, o vm.Options, c vm.Command, verbose bool) (int, error) {
	var err error
	if c.Dir, err = os.Getwd(); err != nil {
		return 1, err
	}
	if o.Root, err = lab.Root(); err != nil {
		return 1, err
	}
	for i, folder := range o.Writable {
		if o.Writable[i], err = filepath.Abs(folder); err != nil {
			return 1, err
		}
	}
	machine, err := vm.Boot(ctx, o)
	if err != nil {
		return 1, err
	}
	defer machine.Close()
	if verbose {
		fmt.Fprintf(os.Stderr, "vm: kernel %s after %.1f s\n", machine.Kernel, machine.BootTime.Seconds())
	}
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	result, err := machine.Run(ctx, c)
	return result.Code, err
}

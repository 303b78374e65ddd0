package daemon

import (
	"fmt"
	"os"
	"strings"

	"keepalived-go/daemon/early"
)

// Exit codes of the contract (keepalived(8)).
const (
	exitOK       = 0
	exitFatal    = 1
	exitConfig   = 2
	exitNoConfig = 6
	// exitProgramError says that something failed that should not have; the process is started again.
	exitProgramError = 70
)

// Run is the whole program: it gives the exit code.
func Run(argv []string) int {
	h, err := takeRole()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFatal
	}
	if words, asked := genhashWords(argv[1:]); asked {
		early.HandOver()
		return runGenhash(argv[0], argv[0]+" --genhash", words, os.Stdout, os.Stderr)
	}
	options, err := ParseOptions(argv[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFatal
	}
	hurry()
	switch h.role {
	case roleVRRP:
		return runChild(options, h, buildVRRP)
	case roleChecker:
		return runChild(options, h, buildChecker)
	case roleCleanup:
		return runCleanup(options, h)
	case roleWitness:
		return runWitness(options, h)
	case roleParent:
		return runParent(options, h)
	}
	return runUser(options)
}

// runUser does what somebody asked for on the command line.
func runUser(o Options) int {
	if !o.serves() {
		early.HandOver()
	}
	switch {
	case o.Help:
		usage(os.Stderr)
		return exitOK
	case o.Version:
		printVersion(os.Stderr)
		return exitOK
	case o.Reload: // the other options are the daemon's, so that both can be given the same
		return askReload(o.findPIDFile(), os.Stderr)
	case o.signumGiven:
		return printSignum(o.Signum)
	case o.Genhash:
		return runGenhash(os.Args[0], os.Args[0]+" --genhash", o.extra, os.Stdout, os.Stderr)
	}
	if len(o.extra) > 0 {
		out := os.Stdout
		if o.TestFormat == formatJSON {
			out = os.Stderr // the document stands alone
		}
		fmt.Fprintf(out, "Unexpected argument(s): %s\n", strings.Join(o.extra, " "))
	}
	for _, complaint := range o.complaints() {
		fmt.Fprintln(os.Stderr, complaint)
	}
	switch {
	case o.ConfigDiff != "":
		return diffConfig(o, os.Stdout, os.Stderr)
	case o.TestConfig, o.TestFormat != "":
		return testConfig(o)
	case o.Foreground:
		return runParent(o, heritage{})
	}
	return launch(o)
}

// serves tells whether this process becomes the daemon, which hears signals from its first moment on.
func (o *Options) serves() bool {
	asks := o.Help || o.Version || o.Reload || o.signumGiven || o.Genhash || o.ConfigDiff != "" || o.TestConfig || o.TestFormat != ""
	return o.Foreground && !asks
}

func printSignum(name string) int {
	n, ok := signalNumbers[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "Unknown sigfunc %s\n", name)
		return exitFatal
	}
	fmt.Println(n)
	return exitOK
}

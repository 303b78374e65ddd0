package vm

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// The flags choose among the tests inside, as -test.run does outside.
var (
	inner       = flag.String("inner", "./test/vm/inside/...", "packages whose tests run inside")
	insideRun   = flag.String("inside", "", "run only the tests inside that match")
	showConsole = flag.Bool("console", false, "show the console of machines")
)

const (
	// bootTime is generous: it takes seconds, even without acceleration.
	bootTime = 2 * time.Minute
	// packageTime bounds the tests of a package.
	packageTime = 10 * time.Minute
)

var sourceRoot string

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	if sourceRoot, err = lab.Root(); err != nil {
		fmt.Fprintln(os.Stderr, "vm:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// bootFor boots a machine that ends with the test.
func bootFor(t *testing.T, o Options) *Machine {
	t.Helper()
	o.Root = sourceRoot
	if *showConsole {
		o.Console = os.Stderr
	}
	m, err := tryBoot(t, o)
	if errors.Is(err, ErrHang) { // the emulator stands still in the first second of a kernel, now and then
		t.Logf("booting once more: %v", err)
		m, err = tryBoot(t, o)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	t.Logf("kernel %s takes commands after %.1f s", m.Kernel, m.BootTime.Seconds())
	return m
}

func tryBoot(t *testing.T, o Options) (*Machine, error) {
	ctx, cancel := context.WithTimeout(t.Context(), bootTime)
	defer cancel()
	return Boot(ctx, o)
}

// TestInside runs the tests of the packages that -inner names in one machine.
func TestInside(t *testing.T) {
	packages, err := Packages(sourceRoot, strings.Fields(*inner)...)
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) == 0 {
		t.Fatalf("there is no package with tests in %s", *inner)
	}
	var machine *Machine
	for _, p := range packages {
		program, err := p.Build(sourceRoot)
		if err != nil {
			t.Error(err)
			continue
		}
		if machine == nil {
			machine = bootFor(t, Options{})
		}
		t.Run(path.Base(p.Path), func(t *testing.T) {
			// A machine that failed once is not trusted with the next package.
			if err := runPackage(t, machine, p, program); err != nil {
				machine = nil
				t.Error(err)
			}
		})
	}
}

func runPackage(t *testing.T, m *Machine, p Package, program string) error {
	ctx, cancel := context.WithTimeout(t.Context(), packageTime)
	defer cancel()
	// The program's own limit is shorter, because it says where it hangs.
	args := []string{"-test.timeout", (packageTime - time.Minute).String(), "-test.run", *insideRun}
	results, err := m.RunTests(ctx, sourceRoot, p, program, t.Output(), args...)
	if len(results) == 0 && *insideRun == "" {
		err = errors.Join(err, errors.New("no test ran"))
	}
	for _, r := range results {
		if strings.Contains(r.Name, "/") && r.Action == "pass" {
			continue // it is counted with the test that it is in
		}
		t.Run(r.Name, func(t *testing.T) { judge(t, r) })
	}
	return err
}

// judge fails for everything but a pass: nothing may be skipped.
func judge(t *testing.T, r TestResult) {
	switch r.Action {
	case "pass":
		t.Logf("passed in the machine in %.2f s", r.Elapsed.Seconds())
	case "":
		t.Errorf("did not end in the machine:\n%s", r.Output)
	default:
		t.Errorf("%s in the machine:\n%s", r.Action, r.Output)
	}
}

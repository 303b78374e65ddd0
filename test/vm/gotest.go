package vm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Package is a package whose tests run in a machine.
type Package struct {
	// Path is its import path, Dir its folder.
	Path, Dir string
}

// Packages lists the packages that match patterns, such as ./test/..., and
// have tests.
func Packages(root string, patterns ...string) ([]Package, error) {
	const row = "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}} {{.Dir}}{{end}}"
	output, err := goCommand(root, append([]string{"list", "-f", row}, patterns...)...)
	if err != nil {
		return nil, err
	}
	var all []Package
	for line := range strings.Lines(string(output)) {
		if path, dir, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			all = append(all, Package{Path: path, Dir: dir})
		}
	}
	return all, nil
}

// Build compiles the package's tests and returns the program.
func (p Package) Build(root string) (string, error) {
	name := strings.ReplaceAll(p.Path, "/", "_") + ".test"
	program := filepath.Join(root, ".cache/vm", name)
	_, err := goCommand(root, "test", "-c", "-o", program, p.Path)
	return program, err
}

// TestResult is how one test ended.
type TestResult struct {
	// Name is the test's, with those of the tests that it is in before it.
	Name string
	// Action is pass, fail or skip; empty where the test did not end.
	Action string
	// Elapsed is how long it took, by the machine's clock.
	Elapsed time.Duration
	// Output is what it wrote.
	Output string
}

// RunTests runs a compiled package and returns its tests in the order in
// which they started. Arguments such as -test.run are added to the program's.
// live gets the output as it comes. Tests that fail are no error; a program
// that fails without a failed test is.
func (m *Machine) RunTests(ctx context.Context, root string, p Package, program string, live io.Writer, args ...string) ([]TestResult, error) {
	convert := exec.Command(filepath.Join(root, "scripts/go"), "tool", "test2json", "-t", "-p", p.Path)
	convert.Dir = root
	convert.Stderr = os.Stderr
	events, err := convert.StdoutPipe()
	if err != nil {
		return nil, err
	}
	raw, err := convert.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := convert.Start(); err != nil {
		return nil, fmt.Errorf("starting test2json: %w", err)
	}
	collected := make(chan *collector, 1)
	go func() {
		c := newCollector(live)
		c.err = c.read(events)
		collected <- c
	}()
	result, err := m.Run(ctx, Command{
		Args: append([]string{program, "-test.v=test2json", "-test.paniconexit0"}, args...),
		Dir:  p.Dir, Stdout: raw, Stderr: raw,
	})
	closeErr := raw.Close()
	c := <-collected
	err = errors.Join(err, closeErr, c.err, convert.Wait())
	if err == nil && result.Code != 0 && !c.failed() {
		err = fmt.Errorf("%s ended with status %d %s and no failed test\n%s", p.Path, result.Code, result.Signal, c.loose.String())
	}
	return c.results(), err
}

// event is a line of test2json; see its documentation.
type event struct {
	Action, Test, Output string
	Elapsed              float64 // seconds
}

// collector puts the events of tests together.
type collector struct {
	live  io.Writer
	order []string
	tests map[string]*TestResult
	loose strings.Builder // output that is no test's
	err   error
}

func newCollector(live io.Writer) *collector {
	return &collector{live: live, tests: map[string]*TestResult{}}
}

func (c *collector) read(from io.Reader) error {
	decoder := json.NewDecoder(from)
	for {
		var e event
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			_, _ = io.Copy(io.Discard, from) // the writer must not wait
			return fmt.Errorf("reading the output of test2json: %w", err)
		}
		c.add(e)
	}
}

func (c *collector) add(e event) {
	if e.Output != "" && c.live != nil {
		_, _ = io.WriteString(c.live, e.Output) // whoever looks on cannot stop the tests
	}
	if e.Test == "" {
		c.loose.WriteString(e.Output)
		return
	}
	t := c.tests[e.Test]
	if t == nil {
		t = &TestResult{Name: e.Test}
		c.tests[e.Test] = t
		c.order = append(c.order, e.Test)
	}
	switch e.Action {
	case "output":
		t.Output += e.Output
	case "pass", "fail", "skip":
		t.Action, t.Elapsed = e.Action, time.Duration(e.Elapsed*float64(time.Second))
	}
}

func (c *collector) results() []TestResult {
	var all []TestResult
	for _, name := range c.order {
		all = append(all, *c.tests[name])
	}
	return all
}

// failed says whether a test shows why the program failed.
func (c *collector) failed() bool {
	for _, t := range c.tests {
		if t.Action != "pass" && t.Action != "skip" {
			return true
		}
	}
	return false
}

// goCommand runs the project's go command in the source tree, for programs
// that need no library of the system, and returns its standard output.
func goCommand(root string, args ...string) ([]byte, error) {
	command := exec.Command(filepath.Join(root, "scripts/go"), args...)
	command.Dir = root
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s%s", args[0], err, stderr.Bytes(), output)
	}
	return output, nil
}

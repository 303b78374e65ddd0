// Command bench measures keepalived beside Debian's in the same run, on the
// same small networks, and prints a table of ratios. The same goes as JSON to
// bin/bench.json.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"

	"keepalived-go/test/lab"
)

// Result is one row of the table. Ours and Theirs are medians in Unit.
type Result struct {
	Measure string  `json:"measure"`
	Unit    string  `json:"unit"`
	Ours    float64 `json:"ours"`
	Theirs  float64 `json:"debian"`
	// Ratio is Ours divided by Theirs: below 1 is better than Debian's.
	Ratio float64 `json:"ratio"`
	// Runs is the number of runs of each program.
	Runs int `json:"runs"`
}

// bench holds the programs and what was measured so far.
type bench struct {
	programs [2]lab.Program // ours, Debian's
	results  []Result
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	root, err := lab.Root()
	if err != nil {
		return err
	}
	var b bench
	ours, err := lab.Choose(root, "KEEPALIVED_OURS", "ours")
	theirs, err2 := lab.Choose(root, "KEEPALIVED_PEER", "debian")
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	b.programs = [2]lab.Program{ours, theirs}
	measures, err := b.measures(os.Args[1:])
	if err != nil {
		return err
	}
	inside := len(os.Args) > 1 && os.Args[1] == directorsPart
	var failed error
	for _, measure := range measures {
		// One measure that fails does not take the others away.
		if err := measure(ctx); err != nil {
			progress("failed: %v", err)
			failed = errors.Join(failed, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if inside {
		return errors.Join(failed, json.NewEncoder(os.Stdout).Encode(b.results))
	}
	b.print()
	return errors.Join(failed, b.save(filepath.Join(root, "bin/bench.json")))
}

// measures are those that the arguments name, all of them without any.
func (b *bench) measures(names []string) (chosen []func(context.Context) error, err error) {
	all := []struct {
		name    string
		measure func(context.Context) error
	}{
		{"checks", b.checks}, {"start", b.startAndStop}, {"takeovers", b.takeovers}, {"many", b.many}, {"dumps", b.dumps},
		{"load", b.underLoad}, {"carriers", b.carriers}, {"lvs", b.directorsAnywhere},
	}
	if len(names) > 0 && names[0] == directorsPart {
		return append(chosen, b.directors), nil
	}
	for _, m := range all {
		if len(names) == 0 || slices.Contains(names, m.name) {
			chosen = append(chosen, m.measure)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no measure of %q", names)
	}
	return chosen, nil
}

// progress says on standard error what is going on.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "... "+format+"\n", args...) }

// add puts a row into the table. The index of values is that of programs.
func (b *bench) add(measure, unit string, values [2][]float64) {
	r := Result{Measure: measure, Unit: unit, Ours: median(values[0]), Theirs: median(values[1]), Runs: len(values[0])}
	if r.Theirs != 0 {
		r.Ratio = r.Ours / r.Theirs
	}
	b.results = append(b.results, r)
	progress("%s: %.3f against %.3f %s", measure, r.Ours, r.Theirs, unit)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (b *bench) print() {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "measure\t%s\t%s\tunit\tratio\t\n", b.programs[0].Name, b.programs[1].Name)
	for _, r := range b.results {
		fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%s\t%.2f\t\n", r.Measure, r.Ours, r.Theirs, r.Unit, r.Ratio)
	}
	w.Flush()
}

func (b *bench) save(path string) error {
	content, err := json.MarshalIndent(b.results, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(content, '\n'), 0o644)
}

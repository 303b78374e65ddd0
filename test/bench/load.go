package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// Numbers of the measure under load.
const (
	loops        = 64 // busy loops, each in a session of its own, which the scheduler may treat as a group of its own
	loadRuns     = 3
	loadSpan     = 5 * time.Second
	loadInterval = 10 * time.Millisecond
	// mostMissing is what a Master with a realtime priority may leave out, in percent.
	mostMissing = 5
)

// underLoad measures adverts that are missing, and transitions of Master and Backup, while busy loops want every
// processor: with the usual scheduling, and with a realtime priority, which nothing may disturb.
func (b *bench) underLoad(ctx context.Context) error {
	for _, row := range []struct{ name, globals string }{
		{"64 busy loops", ""},
		{"64 busy loops, vrrp_rt_priority 50", "global_defs {\n    vrrp_rt_priority 50\n}\n"},
	} {
		var missing, transitions [2][]float64
		for range loadRuns {
			for i, program := range b.programs {
				lost, changes, err := loaded(ctx, program, row.globals)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", row.name, program.Name, err)
				}
				missing[i], transitions[i] = append(missing[i], lost), append(transitions[i], changes)
			}
		}
		b.add(row.name+": adverts missing", "%", missing)
		b.add(row.name+": transitions", "", transitions)
		if row.globals != "" && (median(missing[0]) > mostMissing || median(transitions[0]) > 0) {
			return fmt.Errorf("%s: %.1f %% of the adverts are missing, %.0f transitions", row.name, median(missing[0]), median(transitions[0]))
		}
	}
	return nil
}

// loaded has one program in both roles, and returns the share of the Master's adverts that are missing in percent, and
// how many times either of the two changed its state.
func loaded(ctx context.Context, program lab.Program, globals string) (missing, transitions float64, err error) {
	n, err := newNetwork()
	if err != nil {
		return 0, 0, err
	}
	defer n.Close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	lines := fmt.Sprintf("version 3\n    advert_int %g", loadInterval.Seconds())
	a, err := n.a.Keepalived(program, globals+instances(1, "MASTER", 150, lines))
	if err != nil {
		return 0, 0, err
	}
	if _, err := a.WaitLine(ctx, 0, "Entering MASTER STATE"); err != nil {
		return 0, 0, err
	}
	other, err := n.b.Keepalived(program, globals+instances(1, "BACKUP", 100, lines))
	if err != nil {
		return 0, 0, err
	}
	if _, err := other.WaitLine(ctx, 0, "Entering BACKUP STATE"); err != nil {
		return 0, 0, err
	}
	marks := [2]int{a.Lines.Len(), other.Lines.Len()}
	busy, err := n.load()
	defer func() {
		for _, p := range busy {
			_ = p.Signal(unix.SIGKILL)
		}
	}()
	if err != nil {
		return 0, 0, err
	}
	mark := n.Frames.Len()
	begin := time.Now()
	if err := lab.Pass(ctx, loadSpan); err != nil {
		return 0, 0, err
	}
	due := float64(time.Since(begin) / loadInterval)
	sent := 0.0
	for _, f := range n.Frames.Since(mark) {
		if _, ok := f.Advert(); ok && f.From == "a" {
			sent++
		}
	}
	for i, d := range []*lab.Daemon{a, other} {
		for _, line := range d.Lines.Since(marks[i]) {
			if strings.Contains(line.Text, "Entering ") {
				transitions++
			}
		}
	}
	return max(0, 100*(1-sent/due)), transitions, nil
}

// load starts the busy loops.
func (n *network) load() (busy []*lab.Process, err error) {
	for range loops {
		p, err := n.a.Start("/bin/sh", []string{"-c", "while :; do :; done"}, nil)
		if err != nil {
			return busy, err
		}
		busy = append(busy, p)
	}
	return busy, nil
}

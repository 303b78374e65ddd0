package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"keepalived-go/test/lab"
)

// Numbers of the measure of carriers.
const (
	carrierLinks = 1000
	carrierRuns  = 3
)

// carriers measures how long a thousand instances take until all are in Fault after the carrier of all their interfaces
// was lost, and until all have left it again after it came back.
func (b *bench) carriers(ctx context.Context) error {
	var lost, back [2][]float64
	for range carrierRuns {
		for i, program := range b.programs {
			down, up, err := carrier(ctx, program)
			if err != nil {
				return fmt.Errorf("carriers, %s: %w", program.Name, err)
			}
			lost[i], back[i] = append(lost[i], milliseconds(down)), append(back[i], milliseconds(up))
		}
	}
	b.add("carrier off, 1000 interfaces: all in Fault", "ms", lost)
	b.add("carrier on, 1000 interfaces: none in Fault", "ms", back)
	return nil
}

func carrier(ctx context.Context, program lab.Program) (down, up time.Duration, err error) {
	n, err := newNetwork()
	if err != nil {
		return 0, 0, err
	}
	defer n.Close()
	ctx, cancel := context.WithTimeout(ctx, 4*patience)
	defer cancel()
	if err := n.stack(ctx); err != nil {
		return 0, 0, err
	}
	d, err := n.a.Keepalived(program, onEach(carrierLinks))
	if err != nil {
		return 0, 0, err
	}
	if _, err := entered(ctx, d, 0, "MASTER"); err != nil {
		return 0, 0, err
	}
	for _, step := range []struct {
		change func() error
		state  string
		into   *time.Duration
	}{{n.a.Cut, "FAULT", &down}, {n.a.Mend, "BACKUP", &up}} {
		mark, begin := d.Lines.Len(), time.Now()
		if err := step.change(); err != nil {
			return 0, 0, err
		}
		at, err := entered(ctx, d, mark, step.state)
		if err != nil {
			return 0, 0, err
		}
		*step.into = at.Sub(begin)
	}
	return down, up, nil
}

// stack puts links with an address each above eth0, whose carrier is theirs.
func (n *network) stack(ctx context.Context) error {
	var commands strings.Builder
	for i := range carrierLinks {
		fmt.Fprintf(&commands, "link add link eth0 name m%d type macvlan mode bridge\naddr add 10.%d.%d.1/24 dev m%d\nlink set m%d up\n", i, 64+i/250, i%250, i, i)
	}
	path, err := n.a.Write("links", commands.String(), 0o644)
	if err != nil {
		return err
	}
	return n.a.IP(ctx, "-batch %s", path)
}

// onEach is a configuration of one instance on each of those links.
func onEach(count int) string {
	var all strings.Builder
	for i := range count {
		fmt.Fprintf(&all, "vrrp_instance VI_%d {\n    state MASTER\n    interface m%d\n    virtual_router_id %d\n    priority 200\n    advert_int 1\n"+
			"    virtual_ipaddress {\n        10.%d.%d.99/32\n    }\n}\n", i+1, i, i%perInterface+1, 64+i/250, i%250)
	}
	return all.String()
}

// entered waits until every instance has entered a state since a mark, and returns when the last one did.
func entered(ctx context.Context, d *lab.Daemon, mark int, state string) (time.Time, error) {
	seen := map[string]bool{}
	line, err := d.Lines.Wait(ctx, mark, state+" of all", func(l lab.Line) bool {
		if before, _, ok := strings.Cut(l.Text, ") Entering "+state+" STATE"); ok {
			_, name, _ := strings.Cut(before, "(")
			seen[name] = true
		}
		return len(seen) == carrierLinks
	})
	if err != nil {
		return time.Time{}, errors.Join(err, fmt.Errorf("%d instances of %d are there", len(seen), carrierLinks))
	}
	return line.Time, nil
}

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
	perBase      = 250 // links above one interface, on which no two instances may have the same VRID
	carrierRuns  = 3
	// carrierPatience is how long all instances may take. Debian's program leaves some where they are; it is written down
	// with the whole of it then.
	carrierPatience = 10 * time.Second
)

// carriers measures how long a thousand instances take until all are in Fault after the carrier of all their interfaces
// was lost, and until all have left it again after it came back.
func (b *bench) carriers(ctx context.Context) error {
	var lost, back [2][]float64
	for range carrierRuns {
		for i, program := range b.programs {
			down, up, err := carrier(ctx, program, i == 1)
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

func carrier(ctx context.Context, program lab.Program, lenient bool) (down, up time.Duration, err error) {
	n, err := newNetwork()
	if err != nil {
		return 0, 0, err
	}
	defer n.Close()
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
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
		change string
		state  string
		into   *time.Duration
	}{{"down", "FAULT", &down}, {"up", "BACKUP", &up}} {
		mark, begin := d.Lines.Len(), time.Now()
		for base := range carrierLinks / perBase {
			if err := n.a.IP(ctx, "link set %sx %s", interfaceName(base+1), step.change); err != nil {
				return 0, 0, err
			}
		}
		limited, cancel := context.WithTimeout(ctx, carrierPatience)
		at, err := entered(limited, d, mark, step.state)
		cancel()
		switch {
		case err == nil:
			*step.into = at.Sub(begin)
		case lenient && ctx.Err() == nil:
			progress("%s: %v", program.Name, err)
			*step.into = carrierPatience
		default:
			return 0, 0, err
		}
	}
	return down, up, nil
}

// stack puts links with an address each above a few interfaces, whose carrier is theirs.
func (n *network) stack(ctx context.Context) error {
	for base := range carrierLinks / perBase {
		if err := n.a.AddInterface(interfaceName(base + 1)); err != nil {
			return err
		}
	}
	var commands strings.Builder
	for i := range carrierLinks {
		fmt.Fprintf(&commands, "link add link %s name m%d type macvlan mode bridge\naddr add 10.%d.%d.1/24 dev m%d\nlink set m%d up\n",
			interfaceName(i/perBase+1), i, 64+i/perBase, i%perBase, i, i)
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
			"    virtual_ipaddress {\n        10.%d.%d.99/32\n    }\n}\n", i+1, i, i%perBase+1, 64+i/perBase, i%perBase)
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

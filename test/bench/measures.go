package main

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"keepalived-go/test/lab"
)

// patience bounds one run of anything here.
const patience = 30 * time.Second

// network is two servers on a LAN.
type network struct {
	*lab.Lab
	a, b *lab.Host
}

func newNetwork() (*network, error) {
	l, err := lab.New()
	if err != nil {
		return nil, err
	}
	n := &network{Lab: l}
	for i, host := range []**lab.Host{&n.a, &n.b} {
		*host, err = l.AddHost(string(rune('a'+i)), netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168, 4, byte(100 * (i + 1))}), 24))
		if err != nil {
			l.Close()
			return nil, err
		}
	}
	return n, nil
}

// checks measures -t.
func (b *bench) checks(ctx context.Context) error {
	n, err := newNetwork()
	if err != nil {
		return err
	}
	defer n.Close()
	for i := 1; i <= 2000/perInterface; i++ {
		if err := n.a.AddInterface(interfaceName(i)); err != nil {
			return err
		}
	}
	for _, c := range []struct {
		name, config string
		runs         int
	}{
		{"check 1 instance", instances(1, "MASTER", 100, "advert_int 1"), 11},
		{"check 1000 instances", instances(1000, "MASTER", 100, "advert_int 1"), 7},
		{"check 2000 instances", instances(2000, "MASTER", 100, "advert_int 1"), 7},
		{"check 2277 x 16 servers", virtualServers(2277, 16, 6), 5},
	} {
		if err := b.check(ctx, n.a, c.name, c.config, c.runs); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) check(ctx context.Context, host *lab.Host, name, config string, runs int) error {
	path, err := host.Write("check.conf", config, 0o644)
	if err != nil {
		return err
	}
	var took [2][]float64
	for run := range runs + 1 {
		for i, program := range b.programs {
			ctx, cancel := context.WithTimeout(ctx, patience)
			p, err := host.Start(program.Path, []string{"-t", "-f", path}, program.Env)
			if err != nil {
				cancel()
				return err
			}
			status, ended, err := p.Wait(ctx)
			cancel()
			if err != nil {
				return fmt.Errorf("%s, %s: %w", name, program.Name, err)
			}
			if status != 0 {
				return fmt.Errorf("%s, %s: status %d:\n%.2000s", name, program.Name, status, p.Output())
			}
			if run > 0 { // the first run warms the caches
				took[i] = append(took[i], milliseconds(ended.Sub(p.Started)))
			}
		}
	}
	b.add(name, "ms", took)
	return nil
}

// startAndStop measures from the start to the first advert of an instance of
// priority 255, from SIGTERM to the end, and memory in between.
func (b *bench) startAndStop(ctx context.Context) error {
	var start, stop, pss, rss [2][]float64
	for range 5 {
		for i, program := range b.programs {
			n, err := newNetwork()
			if err != nil {
				return err
			}
			err = func() error {
				defer n.Close()
				ctx, cancel := context.WithTimeout(ctx, patience)
				defer cancel()
				d, err := n.a.Keepalived(program, instances(1, "MASTER", 255, "advert_int 1"))
				if err != nil {
					return err
				}
				f, err := n.firstAdvert(ctx, 0, "a")
				if err != nil {
					return fmt.Errorf("%s: %w\n%s", program.Name, err, d.Output())
				}
				start[i] = append(start[i], milliseconds(f.Time.Sub(d.Started)))
				// Let the work of the start finish before looking at memory.
				if err := lab.Pass(ctx, time.Second); err != nil {
					return err
				}
				memory, err := d.Memory()
				if err != nil {
					return err
				}
				pss[i] = append(pss[i], float64(memory.PSS)/(1<<20))
				rss[i] = append(rss[i], float64(memory.RSS)/(1<<20))
				_, took, err := d.Stop(ctx)
				stop[i] = append(stop[i], milliseconds(took))
				return err
			}()
			if err != nil {
				return err
			}
		}
	}
	b.add("start to first advert", "ms", start)
	b.add("SIGTERM to exit", "ms", stop)
	b.add("memory PSS, 1 instance", "MiB", pss)
	b.add("memory RSS, 1 instance", "MiB", rss)
	return nil
}

// firstAdvert waits for an advert of a host, not a farewell, from a mark on.
func (n *network) firstAdvert(ctx context.Context, mark int, host string) (lab.Frame, error) {
	return n.Frames.Wait(ctx, mark, "an advert of "+host, func(f lab.Frame) bool {
		a, ok := f.Advert()
		return ok && f.From == host && a.Priority > 0
	})
}

// takeovers measures how much later than the protocol says a backup takes
// over from a Master that was killed.
func (b *bench) takeovers(ctx context.Context) error {
	for _, c := range []struct {
		name, lines string
		interval    time.Duration
		runs        int
	}{
		{"takeover beyond the protocol's, advert_int 1", "advert_int 1", time.Second, 3},
		{"takeover beyond the protocol's, advert_int 0.02", "version 3\n    advert_int 0.02", 20 * time.Millisecond, 11},
	} {
		var late [2][]float64
		for range c.runs {
			for i, program := range b.programs {
				over, err := b.takeover(ctx, program, c.lines, c.interval)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", c.name, program.Name, err)
				}
				late[i] = append(late[i], milliseconds(over))
			}
		}
		b.add(c.name, "ms", late)
	}
	return nil
}

// takeover has one program take over from Debian's.
func (b *bench) takeover(ctx context.Context, program lab.Program, lines string, interval time.Duration) (time.Duration, error) {
	const priority = 100
	n, err := newNetwork()
	if err != nil {
		return 0, err
	}
	defer n.Close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	master, err := n.a.Keepalived(b.programs[1], instances(1, "MASTER", 255, lines))
	if err != nil {
		return 0, err
	}
	backup, err := n.b.Keepalived(program, instances(1, "BACKUP", priority, lines))
	if err != nil {
		return 0, err
	}
	if _, err := backup.WaitLine(ctx, 0, "Entering BACKUP STATE"); err != nil {
		return 0, err
	}
	// Two more adverts, so that the backup has learned what there is to learn.
	for range 2 {
		if _, err := n.firstAdvert(ctx, n.Frames.Len(), "a"); err != nil {
			return 0, err
		}
	}
	mark := n.Frames.Len()
	if err := master.KillAll(ctx); err != nil {
		return 0, err
	}
	first, err := n.firstAdvert(ctx, mark, "b")
	if err != nil {
		return 0, err
	}
	var last time.Time
	for _, f := range n.Frames.Since(0) {
		if _, ok := f.Advert(); ok && f.From == "a" {
			last = f.Time
		}
	}
	down := 3*interval + (256-priority)*interval/256
	return first.Time.Sub(last) - down, nil
}

// cpuSpan is how long processor time is measured.
const cpuSpan = 10 * time.Second

// many measures 255 instances: processor time as Master and as Backup, and
// memory. One program is Master while the other is Backup, then the reverse.
func (b *bench) many(ctx context.Context) error {
	var asMaster, asBackup, pss [2][]float64
	for i := range b.programs {
		j := 1 - i
		if err := b.manyOnce(ctx, b.programs[i], b.programs[j], &asMaster[i], &asBackup[j], &pss[i]); err != nil {
			return err
		}
	}
	b.add("CPU of 255 instances as Master, per minute", "s", asMaster)
	b.add("CPU of 255 instances as Backup, per minute", "s", asBackup)
	b.add("memory PSS, 255 instances", "MiB", pss)
	return nil
}

func (b *bench) manyOnce(ctx context.Context, first, second lab.Program, master, backup, pss *[]float64) error {
	n, err := newNetwork()
	if err != nil {
		return err
	}
	defer n.Close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a, err := n.a.Keepalived(first, instances(perInterface, "MASTER", 255, "advert_int 1"))
	if err != nil {
		return err
	}
	seen := map[uint8]bool{}
	_, err = n.Frames.Wait(ctx, 0, "adverts of all instances", func(f lab.Frame) bool {
		if advert, ok := f.Advert(); ok && advert.Priority > 0 {
			seen[advert.VRID] = true
		}
		return len(seen) == perInterface
	})
	if err != nil {
		return fmt.Errorf("%s: %w (%d seen)", first.Name, err, len(seen))
	}
	other, err := n.b.Keepalived(second, instances(perInterface, "BACKUP", 100, "advert_int 1"))
	if err != nil {
		return err
	}
	progress("255 instances: %s is Master, %s is Backup", first.Name, second.Name)
	// The work of the start, and the second announcements, are not counted.
	if err := lab.Pass(ctx, 7*time.Second); err != nil {
		return err
	}
	daemons := []*lab.Daemon{a, other}
	var before [2]time.Duration
	for i, d := range daemons {
		if before[i], err = d.CPU(); err != nil {
			return err
		}
	}
	mark := n.Frames.Len()
	if err := lab.Pass(ctx, cpuSpan); err != nil {
		return err
	}
	for i, into := range []*[]float64{master, backup} {
		after, err := daemons[i].CPU()
		if err != nil {
			return err
		}
		*into = append(*into, (after-before[i]).Seconds()*float64(time.Minute/cpuSpan))
	}
	memory, err := a.Memory()
	*pss = append(*pss, float64(memory.PSS)/(1<<20))
	if err != nil {
		return err
	}
	return n.steady(mark)
}

// steady checks that one host alone sent what was due: anything else would
// make the numbers worthless.
func (n *network) steady(mark int) error {
	counts := map[string]int{}
	for _, f := range n.Frames.Since(mark) {
		if _, ok := f.Advert(); ok {
			counts[f.From]++
		}
	}
	due := perInterface * int(cpuSpan/time.Second)
	if counts["b"] > 0 || counts["a"] < due*9/10 || counts["a"] > due*11/10 {
		return fmt.Errorf("%d adverts of the Master and %d of the Backup, want about %d and none", counts["a"], counts["b"], due)
	}
	return nil
}

package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// dumps measures from a signal to the end of the writer of the file that
// follows, with two instances and with a thousand.
func (b *bench) dumps(ctx context.Context) error {
	for _, row := range []struct{ count, runs int }{{2, 21}, {1000, 7}} {
		for _, d := range []struct {
			signal unix.Signal
			name   string
		}{{36, "keepalived.json"}, {unix.SIGUSR1, "keepalived.data"}} {
			var took [2][]float64
			for i, program := range b.programs {
				var err error
				if took[i], err = dump(ctx, program, row.count, row.runs, d.signal, d.name); err != nil {
					return fmt.Errorf("%s, %s: %w", program.Name, d.name, err)
				}
			}
			b.add(fmt.Sprintf("%s of %d instances", d.name, row.count), "ms", took)
		}
	}
	return nil
}

func dump(ctx context.Context, program lab.Program, count, runs int, signal unix.Signal, name string) (took []float64, err error) {
	n, err := newNetwork()
	if err != nil {
		return nil, err
	}
	defer n.Close()
	for i := 1; i <= count/perInterface; i++ {
		if err := n.a.AddInterface(interfaceName(i)); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	d, err := n.a.Keepalived(program, instances(count, "BACKUP", 100, "advert_int 100"))
	if err != nil {
		return nil, err
	}
	if _, err := d.WaitLine(ctx, 0, "Startup complete"); err != nil {
		return nil, err
	}
	if err := lab.Pass(ctx, time.Second); err != nil { // the work of the start is no part of it
		return nil, err
	}
	w, err := n.a.Watch(lab.Dir + "/tmp")
	if err != nil {
		return nil, err
	}
	defer w.Close()
	for range runs {
		start := time.Now()
		if err := d.Signal(signal); err != nil {
			return nil, err
		}
		if err := w.Written(ctx, name); err != nil {
			return nil, err
		}
		took = append(took, milliseconds(time.Since(start)))
	}
	return took, nil
}

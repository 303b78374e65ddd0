package lab

import (
	"context"
	"fmt"
	"time"
)

// pollStep is the pause between two looks at state that the kernel does not
// report by itself.
const pollStep = 5 * time.Millisecond

// Until looks until check is satisfied, or returns the last reason why it is
// not when ctx ends. It is for state without events, such as the ARP table.
func Until(ctx context.Context, what string, check func() error) error {
	tick := time.NewTicker(pollStep)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w (last: %w)", what, ctx.Err(), err)
		}
	}
}

// Pass lets time go by: for a span that is itself under test, such as "no
// change for three intervals", never to wait for something.
func Pass(ctx context.Context, span time.Duration) error {
	timer := time.NewTimer(span)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

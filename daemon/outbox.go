package daemon

import (
	"net"
	"os"
	"sync"
	"time"

	"keepalived-go/vrrp"
)

// outbox sends messages to the parent from a goroutine of its own, so that the engine never waits for the parent. Of
// reports only the newest waits.
type outbox struct {
	conn *net.UnixConn
	wake chan struct{}
	done chan struct{}

	mu       sync.Mutex
	messages []message
	states   []vrrp.InstanceState
	closed   bool
}

func (b *outbox) init(conn *net.UnixConn) {
	b.conn, b.wake, b.done = conn, make(chan struct{}, 1), make(chan struct{})
	go b.run()
}

func (b *outbox) put(m message) {
	b.mu.Lock()
	b.messages = append(b.messages, m)
	b.mu.Unlock()
	b.signal()
}

func (b *outbox) report(states []vrrp.InstanceState) {
	b.mu.Lock()
	b.states = states
	b.mu.Unlock()
	b.signal()
}

func (b *outbox) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// outboxPatience bounds how long the end of the process waits for the parent to read.
const outboxPatience = 200 * time.Millisecond

func (b *outbox) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.signal()
	select {
	case <-b.done:
	case <-time.After(outboxPatience):
	}
}

func (b *outbox) run() {
	defer close(b.done)
	for range b.wake {
		b.mu.Lock()
		messages, states, closed := b.messages, b.states, b.closed
		b.messages, b.states = nil, nil
		b.mu.Unlock()
		if states != nil && b.sendReport(states) != nil {
			return // the parent is gone; listen sees it too
		}
		for _, m := range messages {
			err := sendMessage(b.conn, m)
			closeFiles(m.files)
			if err != nil {
				return
			}
		}
		if closed {
			return
		}
	}
}

// sendReport sends how the instances are, as a file: there may be hundreds of them with hundreds of addresses.
func (b *outbox) sendReport(states []vrrp.InstanceState) error {
	f, err := sealedJSON("keepalived.report", states)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return sendMessage(b.conn, message{Kind: kindReport, files: []*os.File{f}})
}

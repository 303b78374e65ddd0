package daemon

import (
	"net"
	"os"
	"sync"
	"time"
)

// outbox sends messages to the parent from a goroutine of its own, so that the engine never waits for the parent. Of
// reports only the newest waits, which is written down when it leaves.
type outbox struct {
	conn *net.UnixConn
	wake chan struct{}
	done chan struct{}

	mu       sync.Mutex
	messages []message
	pending  func() any // nil: no report waits
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

// report sends what write returns.
func (b *outbox) report(write func() any) {
	b.mu.Lock()
	b.pending = write
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
		messages, write, closed := b.messages, b.pending, b.closed
		b.messages, b.pending = nil, nil
		b.mu.Unlock()
		if write != nil && b.sendReport(write()) != nil {
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

// sendReport sends a report as a file: there may be hundreds of instances with hundreds of addresses.
func (b *outbox) sendReport(report any) error {
	f, err := sealedJSON("keepalived.report", report)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return sendMessage(b.conn, message{Kind: kindReport, files: []*os.File{f}})
}

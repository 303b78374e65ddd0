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

	// run's alone
	unsent any         // a report that could not be written down yet
	again  *time.Timer // wakes run to try it again
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

// deliver sends a message and waits until it has left, or until the parent does not read for too long.
func (b *outbox) deliver(m message) {
	m.left = make(chan struct{})
	b.put(m)
	select {
	case <-m.left:
	case <-b.done:
	case <-time.After(outboxPatience):
	}
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

// outboxPatience bounds how long the process waits for the parent to read, at its end and before it changes the host.
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
		messages, closed := b.messages, b.closed
		b.messages = nil
		b.mu.Unlock()
		if b.sendReport() != nil {
			return // the parent is gone; listen sees it too
		}
		for _, m := range messages {
			err := sendMessage(b.conn, m)
			closeFiles(m.files)
			if err != nil {
				return
			}
			if m.left != nil {
				close(m.left)
			}
		}
		if closed {
			return
		}
	}
}

// reportPause is the time until a report is tried again that could not be written down.
const reportPause = time.Second

// sendReport sends the report that waits, if any, as a file: there may be hundreds of instances with hundreds of
// addresses. Where memory or descriptors for one are short it waits longer, and keeps no message back. An error is that
// the parent is gone.
func (b *outbox) sendReport() error {
	retried := b.unsent != nil
	if !retried {
		b.mu.Lock()
		write := b.pending
		b.pending = nil
		b.mu.Unlock()
		if write == nil {
			return nil
		}
		b.unsent = write()
	}
	f, err := sealedJSON("keepalived.report", b.unsent)
	if err != nil {
		if b.again == nil {
			b.again = time.AfterFunc(reportPause, b.signal)
		} else {
			b.again.Reset(reportPause)
		}
		return nil
	}
	defer func() { _ = f.Close() }()
	b.unsent = nil
	if retried {
		b.signal() // a newer one may wait
	}
	return sendMessage(b.conn, message{Kind: kindReport, files: []*os.File{f}})
}

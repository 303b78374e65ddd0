package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Bounds of the work for one message and for all that wait.
const (
	// QueueLength is how many messages may wait. The oldest is dropped for a
	// new one, because the newest tell the state that things are in.
	QueueLength = 256
	// Tries is how often a message is tried.
	Tries = 3
	// dialogueLimit bounds one try after the connection is there.
	dialogueLimit = time.Minute
	// awayFor is how long a server is taken to be away after a message was
	// given up for a fault that may pass.
	awayFor = time.Minute
	// defaultTimeout is the default of smtp_connect_timeout.
	defaultTimeout = 30 * time.Second
)

// backoff is the pause before the second and the third try.
var backoff = [Tries - 1]time.Duration{5 * time.Second, 30 * time.Second}

// Settings say where mails go. Without a Host or without To, none is sent.
type Settings struct {
	Host           string        // smtp_server: a name or an address; resolved at each try
	Port           uint16        // of smtp_server; 0 is 25
	HELO           string        // smtp_helo_name, or the name of this host
	From           string        // notification_email_from, bare or "Name <address>"
	To             []string      // notification_email, alike
	ConnectTimeout time.Duration // smtp_connect_timeout, also for each reply; 0 is 30 s
}

func (s Settings) enabled() bool { return s.Host != "" && len(s.To) > 0 }

func (s Settings) patience() time.Duration {
	if s.ConnectTimeout <= 0 {
		return defaultTimeout
	}
	return s.ConnectTimeout
}

func (s Settings) endpoint() string {
	port := s.Port
	if port == 0 {
		port = 25
	}
	return net.JoinHostPort(s.Host, strconv.Itoa(int(port)))
}

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// Sender sends messages one after the other, in the order of Send.
type Sender struct {
	report func(Outcome)
	dial   dialer
	cancel context.CancelFunc
	wake   chan struct{}
	done   chan struct{}
	down   time.Time // until then the server is taken to be away; run's own

	mutex    sync.Mutex
	settings Settings
	changed  chan struct{} // closed when other settings come
	queue    []Message
	dropped  []Outcome // to be reported, one for each reason in a row
	closed   bool
}

// New starts a sender; Close ends it. The report is called from the sender's
// own goroutine, one call at a time.
func New(settings Settings, report func(Outcome)) *Sender {
	return newSender(settings, report, (&net.Dialer{}).DialContext)
}

func newSender(settings Settings, report func(Outcome), dial dialer) *Sender {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Sender{report: report, dial: dial, cancel: cancel,
		wake: make(chan struct{}, 1), done: make(chan struct{}), changed: make(chan struct{})}
	s.Set(settings)
	go s.run(ctx)
	return s
}

// Set is for a reload: tries that begin later use the new settings, and a
// pause between two tries ends. Without a server or a recipient, what waits is
// dropped.
func (s *Sender) Set(settings Settings) {
	settings.To = slices.Clone(settings.To)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if reflect.DeepEqual(s.settings, settings) {
		return
	}
	s.settings = settings
	close(s.changed)
	s.changed = make(chan struct{})
	if !settings.enabled() {
		s.dropAll(ErrDisabled)
	}
}

// Send queues a message and returns at once. Nothing is queued when the
// settings name no server or no recipient, or after Close.
func (s *Sender) Send(m Message) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closed || !s.settings.enabled() {
		return
	}
	if len(s.queue) >= QueueLength {
		s.queue = slices.Delete(s.queue, 0, 1)
		s.drop(1, ErrOverflow)
	}
	s.queue = append(s.queue, stamped(m))
	s.signal()
}

// Close takes no more messages, lets those that wait go out until ctx ends,
// and returns when the sender has ended. The error is ctx's when it cut
// something off.
func (s *Sender) Close(ctx context.Context) error {
	s.mutex.Lock()
	s.closed = true
	s.signal()
	s.mutex.Unlock()
	defer s.cancel()
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
	}
	s.cancel()
	<-s.done
	return ctx.Err()
}

// drop counts messages that are lost. The mutex is held.
func (s *Sender) drop(count int, reason error) {
	if n := len(s.dropped); n > 0 && s.dropped[n-1].Err == reason {
		s.dropped[n-1].Count += count
	} else if count > 0 {
		s.dropped = append(s.dropped, Outcome{Result: Dropped, Count: count, Err: reason})
	}
	s.signal()
}

// dropAll loses everything that waits. The mutex is held.
func (s *Sender) dropAll(reason error) {
	s.drop(len(s.queue), reason)
	s.queue = nil
}

// signal has run look at what there is.
func (s *Sender) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Sender) run(ctx context.Context) {
	defer close(s.done)
	for {
		m, ok, dropped, closed := s.next(ctx)
		for _, o := range dropped {
			s.report(o)
		}
		switch {
		case ok:
			s.send(ctx, m)
		case len(dropped) > 0: // something may have come meanwhile
		case closed:
			return
		default:
			<-s.wake
		}
	}
}

// next takes the oldest message, and what was dropped since the last call.
// Once ctx has ended, everything that waits is dropped.
func (s *Sender) next(ctx context.Context) (m Message, ok bool, dropped []Outcome, closed bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if ctx.Err() != nil {
		s.dropAll(ErrClosed)
	}
	dropped, s.dropped = s.dropped, nil
	if len(s.queue) == 0 {
		return Message{}, false, dropped, s.closed
	}
	m = s.queue[0]
	s.queue = slices.Delete(s.queue, 0, 1)
	return m, true, dropped, s.closed
}

// tries is how often the next message is tried: once only while the server is
// away, so that a long queue is through in bounded time.
func (s *Sender) tries() int {
	if time.Now().Before(s.down) {
		return 1
	}
	return Tries
}

// send tries one message until it is taken, refused for good, or given up.
func (s *Sender) send(ctx context.Context, m Message) {
	tries := s.tries()
	for try := 1; ; try++ {
		settings, changed := s.current()
		if !settings.enabled() {
			s.lose(ErrDisabled)
			return
		}
		refused, err := s.try(ctx, settings, m)
		if err == nil {
			s.down = time.Time{}
			s.report(Outcome{Result: Sent, Subject: m.Subject, Try: try, Count: 1, Err: errors.Join(refused...)})
			return
		}
		o := Outcome{Result: Retried, Subject: m.Subject, Try: try, Count: 1, Err: err}
		if try >= tries || permanent(err) || ctx.Err() != nil {
			o.Result = Failed
		}
		s.report(o)
		if o.Result == Failed {
			if !permanent(err) {
				s.down = time.Now().Add(awayFor)
			}
			return
		}
		select {
		case <-ctx.Done():
			s.lose(ErrClosed)
			return
		case <-changed:
		case <-time.After(backoff[try-1]):
		}
	}
}

// lose counts the message in hand as dropped.
func (s *Sender) lose(reason error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.drop(1, reason)
}

func (s *Sender) current() (Settings, <-chan struct{}) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.settings, s.changed
}

// try makes one connection and one dialogue, each within its bound.
func (s *Sender) try(ctx context.Context, settings Settings, m Message) ([]error, error) {
	connecting, cancel := context.WithTimeout(ctx, settings.patience())
	defer cancel()
	conn, err := s.dial(connecting, "tcp", settings.endpoint())
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", settings.endpoint(), err)
	}
	defer func() { _ = conn.Close() }()
	talking, cancelTalk := context.WithTimeout(ctx, dialogueLimit)
	defer cancelTalk()
	defer context.AfterFunc(talking, func() { _ = conn.Close() })()
	refused, err := converse(conn, settings, m)
	if err != nil && talking.Err() != nil {
		err = fmt.Errorf("%w: %w", talking.Err(), err)
	}
	return refused, err
}

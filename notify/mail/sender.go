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

// Result is what became of a try or a message.
type Result int

// The results.
const (
	Sent    Result = iota // the server took the message; Err is set when it refused some recipients
	Retried               // a try failed; another follows after a pause
	Failed                // the message was given up
	Dropped               // Count messages were not tried: too many waited, or the end came
)

// Outcome is worth one line of a log.
type Outcome struct {
	Result  Result
	Subject string // empty for Dropped
	Try     int    // from 1; 0 for Dropped
	Count   int    // messages
	Err     error
}

// String is the line, without line ends and of bounded length whatever a server said.
func (o Outcome) String() string {
	what := ""
	switch o.Result {
	case Sent:
		what = fmt.Sprintf("mail sent: %s", o.Subject)
	case Retried:
		what = fmt.Sprintf("mail to be tried again after try %d: %s", o.Try, o.Subject)
	case Failed:
		what = fmt.Sprintf("mail given up after try %d: %s", o.Try, o.Subject)
	case Dropped:
		what = fmt.Sprintf("%d mails dropped", o.Count)
	}
	if o.Err != nil {
		what += ": " + o.Err.Error()
	}
	return oneLine(what, 500)
}

// ErrOverflow and ErrClosed are the reasons of Dropped.
var (
	ErrOverflow = errors.New("too many waited")
	ErrClosed   = errors.New("the time to end was over")
)

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// Sender sends messages one after the other, in the order of Send.
type Sender struct {
	report func(Outcome)
	dial   dialer
	cancel context.CancelFunc
	wake   chan struct{}
	done   chan struct{}

	mutex    sync.Mutex
	settings Settings
	queue    []Message
	dropped  int
	closed   bool
}

// New starts a sender; Close ends it. The report is called from the sender's
// own goroutine, one call at a time.
func New(settings Settings, report func(Outcome)) *Sender {
	return newSender(settings, report, (&net.Dialer{}).DialContext)
}

func newSender(settings Settings, report func(Outcome), dial dialer) *Sender {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Sender{report: report, dial: dial, cancel: cancel, wake: make(chan struct{}, 1), done: make(chan struct{})}
	s.Set(settings)
	go s.run(ctx)
	return s
}

// Set is for a reload: tries that begin later use the new settings.
func (s *Sender) Set(settings Settings) {
	settings.To = slices.Clone(settings.To)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !reflect.DeepEqual(s.settings, settings) {
		s.settings = settings
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
		s.dropped++
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
		if dropped > 0 {
			reason := ErrOverflow
			if ctx.Err() != nil {
				reason = ErrClosed
			}
			s.report(Outcome{Result: Dropped, Count: dropped, Err: reason})
		}
		switch {
		case ok:
			s.send(ctx, m)
		case closed:
			return
		default:
			<-s.wake
		}
	}
}

// next takes the oldest message and the count of those dropped since the last
// call. Once ctx has ended, everything that waits is dropped.
func (s *Sender) next(ctx context.Context) (m Message, ok bool, dropped int, closed bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if ctx.Err() != nil {
		s.dropped += len(s.queue)
		s.queue = nil
	}
	dropped, s.dropped = s.dropped, 0
	if len(s.queue) == 0 {
		return Message{}, false, dropped, s.closed
	}
	m = s.queue[0]
	s.queue = slices.Delete(s.queue, 0, 1)
	return m, true, dropped, s.closed
}

// send tries one message until it is taken, refused for good, or given up.
func (s *Sender) send(ctx context.Context, m Message) {
	for try := 1; ; try++ {
		refused, err := s.try(ctx, m)
		o := Outcome{Result: Sent, Subject: m.Subject, Try: try, Count: 1, Err: errors.Join(refused...)}
		if err != nil {
			o.Result, o.Err = Retried, err
			if try == Tries || permanent(err) || ctx.Err() != nil {
				o.Result = Failed
			}
		}
		s.report(o)
		if o.Result != Retried {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(backoff[try-1]):
		}
	}
}

// try makes one connection and one dialogue, each within its bound.
func (s *Sender) try(ctx context.Context, m Message) ([]error, error) {
	s.mutex.Lock()
	settings := s.settings
	s.mutex.Unlock()
	if !settings.enabled() {
		return nil, errors.New("no server or no recipient any more")
	}
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

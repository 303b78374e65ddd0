package daemon

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
)

// logQueue is how many lines wait for a log daemon that is slow, before lines are dropped.
const logQueue = 4096

// logLine is one line on its way.
type logLine struct {
	at    time.Time
	level logrus.Level
	text  string
	done  chan struct{} // not nil in what is no line, but asks to be told that all before it is written
}

// retryPause is the time between attempts to hand a line to a log daemon that does not take it.
const retryPause = 250 * time.Millisecond

// logSink is a hook that hands lines to a goroutine of its own. Logging never waits: a log daemon that is stopped,
// slow or absent delays lines, and costs those that find the queue full, which are counted; it costs no adverts.
type logSink struct {
	queue   chan logLine
	stop    chan struct{}
	done    chan struct{}
	dropped atomic.Uint64
	write   func(logLine) error
}

func newLogSink(write func(logLine) error) *logSink {
	s := &logSink{queue: make(chan logLine, logQueue), stop: make(chan struct{}), done: make(chan struct{}), write: write}
	go s.run()
	return s
}

// Levels says that the sink takes every level.
func (s *logSink) Levels() []logrus.Level { return logrus.AllLevels }

// Fire queues a message, line by line: what a log daemon has taken of it is never sent again.
func (s *logSink) Fire(e *logrus.Entry) error {
	for text := range strings.Lines(e.Message) {
		select {
		case s.queue <- logLine{at: e.Time, level: e.Level, text: strings.TrimRight(text, "\n")}:
		default:
			s.dropped.Add(1)
		}
	}
	return nil
}

// flush waits until what was queued before is written, for patience at most.
func (s *logSink) flush(patience time.Duration) {
	over := time.After(patience)
	done := make(chan struct{})
	select {
	case s.queue <- logLine{done: done}:
	case <-over:
		return
	}
	select {
	case <-done:
	case <-over:
	}
}

func (s *logSink) run() {
	defer close(s.done)
	for {
		select {
		case l := <-s.queue:
			s.put(l)
		case <-s.stop:
			s.drain()
			return
		}
	}
}

// drain writes what is queued at the end, until the log daemon refuses a line.
func (s *logSink) drain() {
	for {
		select {
		case l := <-s.queue:
			if s.hand(l) != nil {
				return
			}
		default:
			s.tellDropped(time.Now())
			return
		}
	}
}

// put writes one line, as often as it takes. What was dropped meanwhile is said after it.
func (s *logSink) put(l logLine) {
	for s.hand(l) != nil {
		select {
		case <-s.stop:
			return
		case <-time.After(retryPause):
		}
	}
	if len(s.queue) == 0 {
		s.tellDropped(l.at)
	}
}

// hand tries once to be done with what came out of the queue.
func (s *logSink) hand(l logLine) error {
	if l.done != nil {
		close(l.done)
		return nil
	}
	return s.write(l)
}

// tellDropped says how many lines found the queue full.
func (s *logSink) tellDropped(at time.Time) {
	n := s.dropped.Swap(0)
	if n == 0 {
		return
	}
	text := fmt.Sprintf("%d log lines were dropped: the log daemon was too slow", n)
	if s.write(logLine{at: at, level: logrus.WarnLevel, text: text}) != nil {
		s.dropped.Add(n)
	}
}

// close ends the sink; what could not be written within patience is lost.
func (s *logSink) close(patience time.Duration) {
	close(s.stop)
	select {
	case <-s.done:
	case <-time.After(patience):
	}
}

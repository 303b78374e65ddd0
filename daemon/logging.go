package daemon

import (
	"fmt"
	"io"
	stdlog "log"
	"os"
	"time"

	"github.com/sirupsen/logrus"
)

// logSystem is the logger of one process and what must be flushed at its end.
type logSystem struct {
	*logrus.Entry
	sinks  []*logSink
	ident  string
	syslog *syslogWriter // nil without one
}

// newLog makes the logger of a process: to syslog unless -G, to the terminal with -l.
func newLog(o Options, r role) *logSystem {
	logger := logrus.New()
	logger.SetOutput(io.Discard)
	stdlog.SetOutput(io.Discard) // a library tells there what of the kernel's answers it does not know
	l := &logSystem{Entry: logrus.NewEntry(logger), ident: r.ident()}
	if !o.NoSyslog {
		facility, _ := facilityCode(o.Facility)
		l.syslog = newSyslogWriter(syslogSocket, l.ident, facility)
		l.add(logger, newLogSink(l.syslog.write))
	}
	if o.Console {
		l.add(logger, newConsoleSink(os.Stderr))
	}
	return l
}

// rename adds what tells daemons apart to syslog's ident; "" adds nothing.
func (l *logSystem) rename(suffix string) {
	if l.syslog != nil && suffix != "" {
		l.syslog.rename(l.ident + "_" + suffix)
	}
}

func (l *logSystem) add(logger *logrus.Logger, s *logSink) {
	logger.AddHook(s)
	l.sinks = append(l.sinks, s)
}

// flushPatience bounds how long the end of a process waits for a log daemon.
const flushPatience = 200 * time.Millisecond

// Close writes out what is queued, in bounded time.
func (l *logSystem) Close() {
	for _, s := range l.sinks {
		s.close(flushPatience)
	}
}

// flush waits until everything is written that was logged before, even to a log daemon that is slow.
func (l *logSystem) flush(patience time.Duration) {
	for _, s := range l.sinks {
		s.flush(patience)
	}
}

// newConsoleSink writes lines as upstream's -l does.
func newConsoleSink(w io.Writer) *logSink {
	return newLogSink(func(l logLine) error {
		_, err := fmt.Fprintf(w, "%s: %s\n", l.at.Format(time.ANSIC), l.text)
		return err
	})
}

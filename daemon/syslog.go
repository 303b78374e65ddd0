package daemon

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
)

// syslogSocket is where every syslog daemon of Linux listens, journald too.
const syslogSocket = "/dev/log"

// syslogTimeout bounds the writing of one line to a daemon that does not read.
const syslogTimeout = 100 * time.Millisecond

// syslogWriter sends lines as RFC 3164 datagrams, in the form that glibc's syslog(3) uses. It connects anew after the
// log daemon was restarted.
type syslogWriter struct {
	path string
	tag  atomic.Pointer[string] // ident[pid]
	code int                    // facility
	conn net.Conn
}

func newSyslogWriter(path, ident string, facility int) *syslogWriter {
	w := &syslogWriter{path: path, code: facility}
	w.rename(ident)
	return w
}

func newSyslogSink(path, ident string, facility int) *logSink {
	return newLogSink(newSyslogWriter(path, ident, facility).write)
}

// rename changes the ident of the lines from now on.
func (w *syslogWriter) rename(ident string) {
	tag := fmt.Sprintf("%s[%d]", ident, os.Getpid())
	w.tag.Store(&tag)
}

// longestLine is how many bytes of a line are sent, in one datagram. The kernel takes about three times as many.
const longestLine = 64 << 10

// write sends a line. What is too long is cut: the kernel would refuse it again and again.
func (w *syslogWriter) write(l logLine) error {
	l.text = l.text[:min(len(l.text), longestLine)]
	line := fmt.Sprintf("<%d>%s %s: %s", w.code<<3|severity(l.level), l.at.Format(time.Stamp), *w.tag.Load(), l.text)
	return w.send([]byte(line))
}

// send tries twice when the socket is gone: the daemon may have been restarted, its new socket is another one.
func (w *syslogWriter) send(line []byte) error {
	err := w.try(line)
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return err // a daemon that is only slow keeps its socket
	}
	w.drop()
	if err = w.try(line); err != nil {
		w.drop()
	}
	return err
}

func (w *syslogWriter) try(line []byte) error {
	if w.conn == nil {
		conn, err := net.DialTimeout("unixgram", w.path, syslogTimeout)
		if err != nil {
			return err
		}
		w.conn = conn
	}
	if err := w.conn.SetWriteDeadline(time.Now().Add(syslogTimeout)); err != nil {
		return err
	}
	_, err := w.conn.Write(line)
	return err
}

func (w *syslogWriter) drop() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}

// severity maps a level to syslog's.
func severity(l logrus.Level) int {
	switch l {
	case logrus.PanicLevel, logrus.FatalLevel:
		return 2
	case logrus.ErrorLevel:
		return 3
	case logrus.WarnLevel:
		return 4
	case logrus.InfoLevel:
		return 6
	}
	return 7
}

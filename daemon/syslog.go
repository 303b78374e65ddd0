package daemon

import (
	"fmt"
	"net"
	"os"
	"time"

	"github.com/sirupsen/logrus"
)

// syslogSocket is where every syslog daemon of Linux listens, journald too.
const syslogSocket = "/dev/log"

// Times of the syslog writer.
const (
	syslogTimeout = time.Second // for one line
	syslogPause   = time.Second // between attempts to reach a daemon that is not there
)

// syslogWriter sends lines as RFC 3164 datagrams, in the form that glibc's syslog(3) uses. It connects anew after the
// log daemon was restarted.
type syslogWriter struct {
	path    string
	tag     string // ident[pid]
	code    int    // facility
	conn    net.Conn
	retryAt time.Time
}

func newSyslogSink(path, ident string, facility int) *logSink {
	w := &syslogWriter{path: path, tag: fmt.Sprintf("%s[%d]", ident, os.Getpid()), code: facility}
	return newLogSink(w.write)
}

func (w *syslogWriter) write(l logLine) error {
	line := fmt.Sprintf("<%d>%s %s: %s", w.code<<3|severity(l.level), l.at.Format(time.Stamp), w.tag, l.text)
	if err := w.try(line); err == nil {
		return nil
	}
	// The daemon may have been restarted under us: its new socket is another one.
	w.drop()
	if err := w.try(line); err != nil {
		w.drop()
		w.retryAt = time.Now().Add(syslogPause)
		return err
	}
	return nil
}

func (w *syslogWriter) try(line string) error {
	if w.conn == nil {
		if time.Now().Before(w.retryAt) {
			return fmt.Errorf("%s is not there", w.path)
		}
		conn, err := net.DialTimeout("unixgram", w.path, syslogTimeout)
		if err != nil {
			return err
		}
		w.conn = conn
	}
	if err := w.conn.SetWriteDeadline(time.Now().Add(syslogTimeout)); err != nil {
		return err
	}
	_, err := w.conn.Write([]byte(line))
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

package daemon

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
)

// testPatience is how long a test waits for something that should happen at once.
const testPatience = 2 * time.Minute

// logDaemon is a log daemon as far as a writer can see.
type logDaemon struct {
	t    *testing.T
	conn *net.UnixConn
}

func startLogDaemon(t *testing.T, path string) *logDaemon {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	d := &logDaemon{t, conn}
	t.Cleanup(func() { _ = d.conn.Close() })
	return d
}

func (d *logDaemon) next() string {
	d.t.Helper()
	_ = d.conn.SetReadDeadline(time.Now().Add(testPatience))
	buffer := make([]byte, 4096)
	n, err := d.conn.Read(buffer)
	if err != nil {
		d.t.Fatalf("no line came: %v", err)
	}
	return string(buffer[:n])
}

// find reads until a line has the text.
func (d *logDaemon) find(text string) {
	d.t.Helper()
	for range 3 * logQueue {
		if strings.HasSuffix(d.next(), text) {
			return
		}
	}
	d.t.Fatalf("%q did not come", text)
}

func testLogger(s *logSink) *logrus.Logger {
	l := logrus.New()
	l.SetOutput(discard{})
	l.AddHook(s)
	return l
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func TestSyslogForm(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	d := startLogDaemon(t, path)
	s := newSyslogSink(path, "Keepalived_vrrp", 3)
	defer s.close(testPatience)
	log := testLogger(s)
	rows := []struct {
		say      func(...any)
		priority int
	}{{log.Info, 30}, {log.Warn, 28}, {log.Error, 27}}
	for _, row := range rows {
		row.say("(VI_1) Entering MASTER STATE")
		want := fmt.Sprintf(`^<%d>[A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d Keepalived_vrrp\[%d\]: \(VI_1\) Entering MASTER STATE$`, row.priority, os.Getpid())
		if got := d.next(); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%q does not match %q", got, want)
		}
	}
	log.Info("first\nsecond\n")
	for _, want := range []string{"]: first", "]: second"} {
		if got := d.next(); !strings.HasSuffix(got, want) {
			t.Errorf("%q does not end with %q", got, want)
		}
	}
}

// A daemon that does not read costs no time, and the lines that find the queue full are counted.
func TestSyslogStalled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	d := startLogDaemon(t, path)
	s := newSyslogSink(path, "Keepalived", 3)
	log := testLogger(s)
	begin := time.Now()
	const lines = 2 * logQueue
	for i := range lines {
		log.Infof("line %d", i)
	}
	if took := time.Since(begin); took > testPatience/12 {
		t.Errorf("logging %d lines took %v", lines, took)
	}
	if s.dropped.Load() == 0 {
		t.Error("no line was dropped")
	}
	d.find("log lines were dropped: the log daemon was too slow")
	log.Info("after")
	d.find("after")
	begin = time.Now()
	for range lines {
		log.Info("end")
	}
	s.close(50 * time.Millisecond)
	if took := time.Since(begin); took > testPatience/12 {
		t.Errorf("closing took %v", took)
	}
}

// Lines that are written while the daemon restarts arrive.
func TestSyslogRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	d := startLogDaemon(t, path)
	s := newSyslogSink(path, "Keepalived", 3)
	defer s.close(testPatience)
	log := testLogger(s)
	log.Info("before")
	d.find("before")
	_ = d.conn.Close()
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	log.Info("meanwhile")
	d = startLogDaemon(t, path)
	log.Info("after")
	d.find("meanwhile")
	d.find("after")
}

// A daemon that starts later gets what was said before.
func TestSyslogAbsent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	s := newSyslogSink(path, "Keepalived", 3)
	log := testLogger(s)
	log.Info("early")
	d := startLogDaemon(t, path)
	d.find("early")
	s.close(testPatience)

	lost := newSyslogSink(path+".never", "Keepalived", 3)
	testLogger(lost).Info("nobody hears this")
	begin := time.Now()
	lost.close(testPatience)
	if took := time.Since(begin); took > testPatience/12 {
		t.Errorf("closing without a log daemon took %v", took)
	}
}

func TestConsoleForm(t *testing.T) {
	var b strings.Builder
	s := newConsoleSink(&b)
	testLogger(s).Info("Stopping")
	s.close(testPatience)
	if got := b.String(); !regexp.MustCompile(`^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d \d{4}: Stopping\n$`).MatchString(got) {
		t.Errorf("%q is not the form of -l", got)
	}
}

// A message of several lines that the daemon refuses in the middle goes on where it was refused.
func TestSinkResumes(t *testing.T) {
	var mu sync.Mutex
	var got []string
	refused := false
	s := newLogSink(func(l logLine) error {
		mu.Lock()
		defer mu.Unlock()
		if l.text == "two" && !refused {
			refused = true
			return os.ErrDeadlineExceeded
		}
		got = append(got, l.text)
		return nil
	})
	defer s.close(testPatience)
	testLogger(s).Error("one\ntwo\nthree\n")
	s.flush(testPatience)
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"one", "two", "three"}; !refused || !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// The lines that find the queue full are counted one by one, those of a message of several lines too.
func TestSinkCountsDropped(t *testing.T) {
	var got []string // read after the end of the sink
	taken, goOn := make(chan struct{}), make(chan struct{})
	s := newLogSink(func(l logLine) error {
		if len(got) == 0 {
			close(taken)
			<-goOn
		}
		got = append(got, l.text)
		return nil
	})
	log := testLogger(s)
	log.Info("in hand")
	<-taken
	for range logQueue - 1 {
		log.Info("in the queue")
	}
	log.Error("the last place\nlost\nlost")
	for range 5 {
		log.Info("lost")
	}
	close(goOn)
	s.flush(testPatience)
	s.close(testPatience)
	if want := "7 log lines were dropped: the log daemon was too slow"; len(got) != logQueue+2 || got[logQueue] != "the last place" || got[logQueue+1] != want {
		t.Errorf("%d lines, the last ones are %q, want %d and %q", len(got), got[max(0, len(got)-2):], logQueue+2, want)
	}
}

// A line that no datagram holds is cut, and keeps no other one back.
func TestSyslogLongLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	d := startLogDaemon(t, path)
	s := newSyslogSink(path, "Keepalived", 3)
	defer s.close(testPatience)
	log := testLogger(s)
	log.Info(strings.Repeat("x", 1<<20))
	log.Info("after")
	d.find("after")
}

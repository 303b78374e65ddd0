package lvs

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// TestStoppedLog has a log daemon that has stopped reading while there is much to say: checks go on as before, what they
// find reaches the kernel, and a stop takes no longer.
func TestStoppedLog(t *testing.T) {
	t.Parallel()
	f := newFarm(t, 2)
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	f.must(err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	f.must(unix.Bind(fd, &unix.SockaddrUnix{Name: f.director.Path("/dev/log")}))
	checked := f.countChecks(f.servers[1])
	config := strings.Replace(twoServers, "10.2.0.12 80", "10.2.0.12 81", 1)
	d := f.start(config)
	const other12 = "-a -t 10.9.0.100:80 -r 10.2.0.12:81 -m -w 2"
	f.await(wrrService, server11, other12)

	for range 20 { // each one is many lines; a socket takes ten to a few hundred
		f.reload(d, config+strings.Repeat("no_such_keyword\n", 200))
	}
	full := unix.Sendto(f.writer(), []byte("one more"), unix.MSG_DONTWAIT, &unix.SockaddrUnix{Name: f.director.Path("/dev/log")})
	if full != unix.EAGAIN {
		t.Fatalf("the log is not full: %v", full)
	}
	mark, began := checked.Len(), time.Now()
	for range 3 {
		f.deafen(0)
		f.await(wrrService, other12)
		f.listen(f.servers[0])
		f.await(wrrService, server11, other12)
	}
	seen := 0
	_, err = checked.Wait(f.patience(), mark, "five checks", func(time.Time) bool { seen++; return seen == 5 })
	f.must(err)
	for i, last := mark, began; i < checked.Len(); i++ {
		at := checked.Since(i)[0]
		if gap := at.Sub(last); gap > 10*time.Second { // it is checked every second; the machine is slow
			t.Errorf("no check for %v", gap)
		}
		last = at
	}
	status, took, err := d.Stop(f.patience())
	f.must(err)
	if status != 0 || took > 10*time.Second {
		t.Errorf("status %d after %v", status, took)
	}
	f.await()
}

// countChecks has a server take connections on port 81, and tells when.
func (f *farm) countChecks(server *lab.Host) *lab.Record[time.Time] {
	f.t.Helper()
	listener, err := server.Listen("tcp", ":81")
	f.must(err)
	f.t.Cleanup(func() { _ = listener.Close() })
	times := &lab.Record[time.Time]{}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			times.Add(time.Now())
			_ = conn.Close()
		}
	}()
	return times
}

// writer is a socket to send to a log with.
func (f *farm) writer() int {
	f.t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	f.must(err)
	f.t.Cleanup(func() { _ = unix.Close(fd) })
	return fd
}

package dial

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
)

// tryConnect is Connect with patience.
func tryConnect(t *testing.T, to config.Connection) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return Dialer{}.Connect(ctx, to)
}

// TestConnectOrigin shows where the server sees connections come from.
func TestConnectOrigin(t *testing.T) {
	enterNamespace(t)
	ip := netip.MustParseAddr
	for _, row := range []struct {
		name, at string
		to       config.Connection
		from     string
	}{
		{"nothing", "10.9.0.1:0", config.Connection{}, "10.9.0.1:"},
		{"bindto", "10.9.0.1:0", config.Connection{Bind: ip("10.9.0.2")}, "10.9.0.2:"},
		{"bindto and bind_port", "10.9.0.1:0", config.Connection{Bind: ip("10.9.0.2"), Port: 3001}, "10.9.0.2:3001"},
		{"IPv6", "[fd00::1]:0", config.Connection{}, "[fd00::1]:"},
		{"IPv6 bindto and bind_port", "[fd00::1]:0", config.Connection{Bind: ip("fd00::2"), Port: 3003}, "[fd00::2]:3003"},
		{"bind_if and mark", "127.0.0.1:0", config.Connection{BindIf: "lo", Mark: 7}, "127.0.0.1:"},
	} {
		l, err := net.Listen("tcp", row.at)
		if err != nil {
			t.Fatal(err)
		}
		row.to.Addr = netip.MustParseAddrPort(l.Addr().String())
		if err := tryConnect(t, row.to); err != nil {
			t.Errorf("%s: %v", row.name, err)
		} else if c, err := l.Accept(); err != nil || !strings.HasPrefix(c.RemoteAddr().String(), row.from) {
			t.Errorf("%s: %v, %v, want from %s", row.name, c, err, row.from)
		}
		_ = l.Close()
	}
}

// TestConnectErrors has the errors of Dial.
func TestConnectErrors(t *testing.T) {
	enterNamespace(t)
	taken := listen(t, "10.9.0.1:0")
	ip, ap := netip.MustParseAddr, netip.MustParseAddrPort
	for _, row := range []struct {
		name  string
		to    config.Connection
		errno syscall.Errno
		setup bool
	}{
		{"nobody listens", config.Connection{Addr: ap("10.9.0.1:1")}, syscall.ECONNREFUSED, false},
		{"nobody listens on IPv6", config.Connection{Addr: ap("[fd00::1]:1")}, syscall.ECONNREFUSED, false},
		{"no way there", config.Connection{Addr: ap("192.0.2.1:80")}, syscall.ENETUNREACH, false},
		{"no such address", config.Connection{Addr: taken, Bind: ip("192.0.2.9")}, syscall.EADDRNOTAVAIL, true},
		{"port is taken", config.Connection{Addr: taken, Bind: ip("10.9.0.1"), Port: taken.Port()}, syscall.EADDRINUSE, true},
		{"no such interface", config.Connection{Addr: taken, BindIf: "none0"}, syscall.ENODEV, true},
		{"no address", config.Connection{}, syscall.EDESTADDRREQ, true},
	} {
		err := tryConnect(t, row.to)
		var setup *SetupError
		if !errors.Is(err, row.errno) || errors.As(err, &setup) != row.setup {
			t.Errorf("%s: %v, want %v", row.name, err, row.errno)
		}
	}
}

// TestConnectEnds connects to a neighbour that does not answer, until time is up or the caller gives up.
func TestConnectEnds(t *testing.T) {
	enterNamespace(t)
	to := config.Connection{Addr: netip.MustParseAddrPort("10.9.0.77:80")}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := (Dialer{}).Connect(ctx, to); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v, want a timeout", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), patience)
	time.AfterFunc(50*time.Millisecond, cancel)
	start := time.Now()
	if err := (Dialer{}).Connect(ctx, to); !errors.Is(err, context.Canceled) || time.Since(start) > patience/2 {
		t.Errorf("%v after %v, want that it was given up", err, time.Since(start))
	}
}

// TestConnectLeavesNothing counts descriptors.
func TestConnectLeavesNothing(t *testing.T) {
	enterNamespace(t)
	to := config.Connection{Addr: listen(t, "10.9.0.1:0")}
	gone := config.Connection{Addr: netip.MustParseAddrPort("10.9.0.1:1")}
	before := descriptors(t)
	for range 50 {
		if err := tryConnect(t, to); err != nil {
			t.Fatal(err)
		}
		if err := tryConnect(t, gone); err == nil {
			t.Fatal("a connection to nobody")
		}
	}
	if after := descriptors(t); after > before+10 {
		t.Errorf("%d descriptors, before it were %d", after, before)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// BenchmarkConnect and BenchmarkDial are what a check of a port costs.
func BenchmarkConnect(b *testing.B) {
	to := serveForever(b)
	for b.Loop() {
		ctx, cancel := context.WithTimeout(b.Context(), patience)
		if err := (Dialer{}).Connect(ctx, to); err != nil {
			b.Fatal(err)
		}
		cancel()
	}
}

func BenchmarkDial(b *testing.B) {
	to := serveForever(b)
	for b.Loop() {
		ctx, cancel := context.WithTimeout(b.Context(), patience)
		c, err := Dialer{}.Dial(ctx, "tcp", to)
		if err != nil {
			b.Fatal(err)
		}
		_ = c.Close()
		cancel()
	}
}

// serveForever takes connections and closes them, with few system calls.
func serveForever(b *testing.B) config.Connection {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		b.Fatal(err)
	}
	fd := int(file.Fd())
	go func() {
		for {
			conn, _, err := unix.Accept(fd)
			if err != nil {
				return
			}
			_ = unix.Close(conn)
		}
	}()
	b.Cleanup(func() { _, _, _ = unix.Shutdown(fd, unix.SHUT_RDWR), file.Close(), l.Close() })
	return config.Connection{Addr: netip.MustParseAddrPort(l.Addr().String())}
}

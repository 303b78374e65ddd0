package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"keepalived-go/config"
)

// patience bounds every wait for something that is sure to come.
const patience = 20 * time.Second

// enterNamespace moves the test into a network namespace of its own, with addresses on lo and on a link where nobody else is.
func enterNamespace(t *testing.T) {
	t.Helper()
	runtime.LockOSThread() // the thread ends with the test's goroutine
	ns, err := netns.New()
	if err != nil {
		t.Fatalf("new network namespace: %v", err)
	}
	t.Cleanup(func() { _ = ns.Close() })
	for _, arguments := range []string{
		"link set lo up", "link add veth0 type veth peer name veth1", "link set veth0 up", "link set veth1 up",
		"addr add 10.9.0.1/24 dev veth0", "addr add 10.9.0.2/24 dev veth0", "addr add fd00::1/128 dev lo nodad",
		"addr add fd00::2/128 dev lo nodad",
	} {
		if out, err := exec.Command("ip", strings.Fields(arguments)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", arguments, err, out)
		}
	}
	settle(t)
}

// settle waits until the kernel, which does it in the background, has brought the IPv6 addresses into use.
func settle(t *testing.T) {
	t.Helper()
	six := []config.Connection{
		{Addr: listen(t, "[fd00::1]:0")},
		{Addr: listen(t, "[fd00::2]:0")},
	}
	for deadline := time.Now().Add(patience); len(six) > 0; {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		c, err := Dialer{}.Dial(ctx, "tcp", six[0])
		cancel()
		switch {
		case err == nil:
			_ = c.Close()
			six = six[1:]
		case time.Now().After(deadline):
			t.Fatalf("%v does not come into use: %v", six[0].Addr, err)
		}
	}
}

// listen serves on an address of the namespace.
func listen(t *testing.T, addr string) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return netip.MustParseAddrPort(l.Addr().String())
}

func TestOrigin(t *testing.T) {
	enterNamespace(t)
	four, six := listen(t, "10.9.0.1:0"), listen(t, "[fd00::1]:0")
	local := listen(t, "127.0.0.1:0")
	ip := netip.MustParseAddr
	for _, row := range []struct {
		name string
		to   config.Connection
		from string // address, with a port unless that is the kernel's choice
	}{
		{"nothing", config.Connection{Addr: four}, "10.9.0.1"},
		{"bindto", config.Connection{Addr: four, Bind: ip("10.9.0.2")}, "10.9.0.2"},
		{"bindto and bind_port", config.Connection{Addr: four, Bind: ip("10.9.0.2"), Port: 3001}, "10.9.0.2:3001"},
		{"bind_port alone", config.Connection{Addr: four, Port: 3002}, "10.9.0.1"},
		{"IPv6", config.Connection{Addr: six}, "[fd00::1]"},
		{"IPv6 bindto", config.Connection{Addr: six, Bind: ip("fd00::2")}, "[fd00::2]"},
		{"IPv6 bindto and bind_port", config.Connection{Addr: six, Bind: ip("fd00::2"), Port: 3003}, "[fd00::2]:3003"},
		{"bind_if", config.Connection{Addr: local, BindIf: "lo"}, "127.0.0.1"},
	} {
		c, err := dial(t, row.to)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		got := c.LocalAddr().String()
		if !strings.HasPrefix(got, row.from) || !row.to.Bind.IsValid() && strings.HasSuffix(got, fmt.Sprintf(":%d", row.to.Port)) {
			t.Errorf("%s: from %s, want %s", row.name, got, row.from)
		}
		_ = c.Close()
	}
}

// TestOptions reads back what was set on the socket.
func TestOptions(t *testing.T) {
	enterNamespace(t)
	c, err := dial(t, config.Connection{Addr: listen(t, "127.0.0.1:0"), Mark: 0xfffffffe, BindIf: "lo"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = raw.Control(func(fd uintptr) {
		mark, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_MARK)
		if err != nil || uint32(mark) != 0xfffffffe {
			t.Errorf("mark %#x, %v", uint32(mark), err)
		}
		device, err := unix.GetsockoptString(int(fd), unix.SOL_SOCKET, unix.SO_BINDTODEVICE)
		if err != nil || strings.TrimRight(device, "\x00") != "lo" {
			t.Errorf("device %q, %v", device, err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestErrors shows whether an error speaks of the server or of this host.
func TestErrors(t *testing.T) {
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
		c, err := dial(t, row.to)
		if err == nil {
			_ = c.Close()
		}
		var setup *SetupError
		if !errors.Is(err, row.errno) || errors.As(err, &setup) != row.setup {
			t.Errorf("%s: %v, want %v", row.name, err, row.errno)
		}
	}
}

// TestTimeout connects to a neighbour that does not answer.
func TestTimeout(t *testing.T) {
	enterNamespace(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := Dialer{}.Dial(ctx, "tcp", config.Connection{Addr: netip.MustParseAddrPort("10.9.0.77:80")})
	var late net.Error
	if !errors.As(err, &late) || !late.Timeout() {
		t.Errorf("%v, want a timeout", err)
	}
}

func dial(t *testing.T, to config.Connection) (net.Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return Dialer{}.Dial(ctx, "tcp", to)
}

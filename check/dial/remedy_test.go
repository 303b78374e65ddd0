package dial

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
)

// TestBusyPort connects from an address and a port that somebody has.
func TestBusyPort(t *testing.T) {
	var taken [2]netip.AddrPort
	for i := range taken {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		taken[i] = l.Addr().(*net.TCPAddr).AddrPort()
	}
	to := config.Connection{Addr: taken[0], Bind: taken[1].Addr(), Port: taken[1].Port()}
	_, dialled := Dialer{}.Dial(context.Background(), "tcp", to)
	for name, err := range map[string]error{"dial": dialled, "connect": Dialer{}.Connect(context.Background(), to)} {
		var setup *SetupError
		if !errors.As(err, &setup) || !errors.Is(err, unix.EADDRINUSE) || !strings.Contains(err.Error(), "bind_port") || !strings.Contains(err.Error(), taken[1].String()) {
			t.Errorf("%s: %v", name, err)
		}
	}
	to.Bind, to.Port = netip.MustParseAddr("127.0.0.1"), 0
	if err := (Dialer{}).Connect(context.Background(), to); err != nil {
		t.Errorf("from any port: %v", err)
	}
}

func TestRemedies(t *testing.T) {
	for _, row := range []struct{ got, want string }{
		{bindRemedy(unix.EADDRNOTAVAIL, 0), "no interface"},
		{bindRemedy(unix.EACCES, 80), "CAP_NET_BIND_SERVICE"},
		{bindRemedy(unix.EACCES, 8080), ""},
		{bindRemedy(unix.EINVAL, 80), ""},
		{rightRemedy(unix.EPERM, "CAP_X"), "CAP_X"},
		{rightRemedy(unix.ENODEV, "CAP_X"), ""},
		{(&SetupError{Step: "a", Err: unix.EPERM, Remedy: "b"}).Error(), "(b)"},
	} {
		if !strings.Contains(row.got, row.want) || row.want == "" && row.got != "" {
			t.Errorf("%q, want %q", row.got, row.want)
		}
	}
}

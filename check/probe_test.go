package check

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"keepalived-go/config"
)

func TestSortingOfConnectErrors(t *testing.T) {
	op := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", err)}
	}
	for _, c := range []struct {
		err     error
		failed  bool
		timeout bool
		reason  string
	}{
		{op(syscall.ECONNREFUSED), true, false, "connection refused"},
		{op(syscall.ECONNRESET), true, false, "connection reset by peer"},
		{op(syscall.EHOSTUNREACH), true, false, "no route to host"},
		{op(syscall.ENETUNREACH), true, false, "network is unreachable"},
		{op(syscall.ENETDOWN), true, false, "network is down"},
		{op(syscall.EHOSTDOWN), true, false, "host is down"},
		{op(syscall.ECONNABORTED), true, false, "software caused connection abort"},
		{op(syscall.ENOPROTOOPT), true, false, "protocol not available"},
		{op(syscall.EACCES), true, false, "permission denied"},
		{op(syscall.ENONET), true, false, "machine is not on the network"},
		{op(syscall.ETIMEDOUT), true, true, "no answer in time"},
		{op(os.ErrDeadlineExceeded), true, true, "no answer in time"},
		{fmt.Errorf("dial: %w", context.DeadlineExceeded), true, true, "no answer in time"},
		{op(syscall.EADDRNOTAVAIL), false, false, "cannot assign requested address"},
		{op(syscall.EADDRINUSE), false, false, "address already in use"},
		{op(syscall.EMFILE), false, false, "too many open files"},
		{op(syscall.EPERM), false, false, "operation not permitted"},
		{op(syscall.ENODEV), false, false, "no such device"},
		{errors.New("something else"), false, false, "something else"},
	} {
		r := dialResult(c.err)
		if (r.Failure != nil) != c.failed || (r.Broken != nil) == c.failed || r.Timeout != c.timeout || r.passed() {
			t.Errorf("%v: %+v", c.err, r)
		}
		if got := fmt.Sprint(errors.Join(r.Failure, r.Broken)); !strings.HasSuffix(got, c.reason) {
			t.Errorf("%v: reason %q, want %q", c.err, got, c.reason)
		}
	}
}

// plainDialer dials without an origin.
type plainDialer struct{}

func (plainDialer) Dial(ctx context.Context, network string, to config.Connection) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, to.Addr.String())
}

func TestConnectOnRealSockets(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &config.Checker{Timing: config.Timing{ConnectTimeout: 10 * time.Second}, Conn: config.Connection{Addr: ap(l.Addr().String())}}
	p, err := newTCP(Target{Checker: c, Dialer: plainDialer{}})
	if err != nil {
		t.Fatal(err)
	}
	if r := p.Probe(t.Context(), 0); !r.passed() {
		t.Errorf("a server that listens: %+v", r)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r := p.Probe(t.Context(), 0); !errors.Is(r.Failure, syscall.ECONNREFUSED) {
		t.Errorf("a server that does not: %+v", r)
	}
}

// What goes wrong inside of a check, or keeps it from being made, changes no server and no other check.
func TestFaultyProbers(t *testing.T) {
	for name, c := range map[string]struct {
		make NewProber
		want string
	}{
		"a fault in the code": {func(Target) (Prober, error) {
			return proberFunc(func(context.Context, int) Result { panic("index out of range") }), nil
		}, "fault in the check: index out of range"},
		"cannot be prepared": {func(Target) (Prober, error) { return nil, errors.New("no such certificate") }, "no such certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(vsWith("", "", ""), "TCP_CHECK {", "PING_CHECK {", 1)
			inBubble(t, func(t *testing.T, n *node) {
				n.start(text, func(o *Options) {
					o.Probers = DefaultProbers()
					o.Probers[config.CheckPing] = c.make
				})
				wait(5 * time.Second)
				n.net.set("10.1.0.12:80", syscall.ECONNREFUSED)
				wait(3 * time.Second)
				expect(t, "table", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1")
				if got := n.lines.take(); strings.Count(got, c.want) != 1 {
					t.Errorf("lines:\n%s", got)
				}
				n.stop()
			})
		})
	}
}

// A check that never ends by itself is ended, and its time is bounded by its next turn or by its own patience.
func TestChecksEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node) {
		var ended []time.Duration
		n.start(vsWith("", ""), func(o *Options) {
			o.Probers = Probers{config.CheckTCP: func(Target) (Prober, error) {
				return proberFunc(func(ctx context.Context, _ int) Result {
					begin := time.Now()
					<-ctx.Done()
					ended = append(ended, time.Since(begin))
					return Result{Failure: errors.New("it never ends"), Timeout: true}
				}), nil
			}}
		})
		wait(6 * time.Second)
		expect(t, "table", n.kernel.show(), "10.1.0.100:80:")
		wait(500 * time.Millisecond)
		begin := time.Now()
		n.stop()
		if time.Since(begin) != 0 || len(ended) != 2 || ended[0] != 4*time.Second {
			t.Errorf("checks ended after %v, the stop took %v", ended, time.Since(begin))
		}
	})
	for _, c := range []struct {
		timing config.Timing
		want   time.Duration
	}{
		{config.Timing{DelayLoop: time.Minute, ConnectTimeout: 5 * time.Second}, time.Minute},
		{config.Timing{DelayLoop: time.Second, ConnectTimeout: 5 * time.Second}, 20 * time.Second},
	} {
		if got := patience(&config.Checker{Timing: c.timing}); got != c.want {
			t.Errorf("%+v: %v, want %v", c.timing, got, c.want)
		}
	}
}

func TestNewNeedsKernelAndLog(t *testing.T) {
	if _, err := New(Options{Kernel: &fakeKernel{}}); err == nil {
		t.Error("without a log")
	}
	if _, err := New(Options{}); err == nil {
		t.Error("without anything")
	}
	if n := descriptorsForChecks(); n < spareDescriptors {
		t.Errorf("%d checks in flight", n)
	}
}

package daemon

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/netif"
	"keepalived-go/vrrp"
	"keepalived-go/vrrp/fsm"
)

// socketPair gives both ends of what parent and child talk over.
func socketPair(t *testing.T) (a, b *net.UnixConn) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	var conns [2]*net.UnixConn
	for i, fd := range fds {
		f := os.NewFile(uintptr(fd), "socket")
		c, err := net.FileConn(f)
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = c.(*net.UnixConn)
		t.Cleanup(func() { _ = conns[i].Close() })
		if err := conns[i].SetDeadline(time.Now().Add(testPatience)); err != nil {
			t.Fatal(err)
		}
	}
	return conns[0], conns[1]
}

func TestMessage(t *testing.T) {
	a, b := socketPair(t)
	f, err := sealedJSON("test", map[string]int{"one": 1})
	if err != nil {
		t.Fatal(err)
	}
	sent := message{Kind: kindAnswer, Generation: 7, Error: "no \"such\"\nthing", Code: 2, files: []*os.File{f}}
	if err := sendMessage(a, sent); err != nil {
		t.Fatal(err)
	}
	_ = f.Close() // the receiver has its own
	got, err := receiveMessage(b, make([]byte, maxPacket))
	if err != nil {
		t.Fatal(err)
	}
	if got.Kind != sent.Kind || got.Generation != 7 || got.Error != sent.Error || got.Code != 2 || len(got.files) != 1 {
		t.Fatalf("%+v, want %+v", got, sent)
	}
	defer closeFiles(got.files)
	for range 2 { // it does not depend on the offset
		var value map[string]int
		if err := loadJSON(got.files[0], &value); err != nil || value["one"] != 1 {
			t.Errorf("%v, %v", value, err)
		}
	}
	flags, err := unix.FcntlInt(got.files[0].Fd(), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("the file would go to scripts: flags %#x, %v", flags, err)
	}
}

func TestMessageEnd(t *testing.T) {
	a, b := socketPair(t)
	if err := sendMessage(a, message{Kind: kindReady}); err != nil {
		t.Fatal(err)
	}
	if err := sendMessage(b, message{Kind: kindStop}); err != nil { // never read
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, maxPacket)
	m, err := receiveMessage(b, buffer)
	if err != nil || m.Kind != kindReady {
		t.Fatalf("%v, %v, want the message that was sent before the end", m, err)
	}
	if _, err := receiveMessage(b, buffer); !errors.Is(err, io.EOF) {
		t.Errorf("%v, want the end", err)
	}
	if err := sendMessage(b, message{Kind: kindReady}); err == nil {
		t.Error("a message was sent to nobody")
	}
}

func TestMessageFaults(t *testing.T) {
	for name, text := range map[string]string{
		"not JSON": "{",
		"too long": `"` + strings.Repeat("x", maxPacket) + `"`,
	} {
		a, b := socketPair(t)
		if _, err := a.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, err := receiveMessage(b, make([]byte, maxPacket)); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%s: %v, want another error", name, err)
		}
	}
}

func TestSealedFile(t *testing.T) {
	f, err := sealedFile("test", func(w io.Writer) error { _, err := io.WriteString(w, "text"); return err })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for name, try := range map[string]func() error{
		"write":    func() error { _, err := f.WriteAt([]byte("x"), 0); return err },
		"append":   func() error { _, err := f.WriteAt([]byte("x"), 4); return err },
		"truncate": func() error { return f.Truncate(1) },
		"grow":     func() error { return f.Truncate(100) },
		"unseal":   func() error { _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_WRITE); return err },
		"map": func() error {
			_, err := unix.Mmap(int(f.Fd()), 0, 4, unix.PROT_WRITE, unix.MAP_SHARED)
			return err
		},
	} {
		if err := try(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if text, err := io.ReadAll(wholeFile(f)); err != nil || string(text) != "text" {
		t.Errorf("%q, %v", text, err)
	}
}

// manyStates are more than one packet holds.
func manyStates(n int) []vrrp.InstanceState {
	states := make([]vrrp.InstanceState, n)
	for i := range states {
		states[i] = vrrp.InstanceState{Key: fmt.Sprint("key", i), Name: fmt.Sprint("VI_", i), State: fsm.Master, VRID: uint8(i)}
		for j := range 200 {
			address := netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), byte(j)})
			states[i].Addresses = append(states[i].Addresses, netif.Address{Prefix: netip.PrefixFrom(address, 32), Dev: "eth0"})
		}
	}
	return states
}

// receiveStates reads reports until one is whole.
func receiveStates(t *testing.T, conn *net.UnixConn) []vrrp.InstanceState {
	t.Helper()
	for {
		m, err := receiveMessage(conn, make([]byte, maxPacket))
		if err != nil {
			t.Fatal(err)
		}
		if m.Kind != kindReport || len(m.files) != 1 {
			closeFiles(m.files)
			continue
		}
		var states []vrrp.InstanceState
		err = loadJSON(m.files[0], &states)
		closeFiles(m.files)
		if err != nil {
			t.Fatal(err)
		}
		return states
	}
}

func TestOutboxLargeReport(t *testing.T) {
	a, b := socketPair(t)
	var box outbox
	box.init(a)
	want := manyStates(300)
	box.report(func() any { return want })
	got := receiveStates(t, b)
	if len(got) != len(want) || got[299].Key != "key299" || len(got[299].Addresses) != 200 {
		t.Errorf("%d states arrived, want %d", len(got), len(want))
	}
	box.close()
}

// TestOutboxNeverWaits fills the socket of a parent that does not read. Whoever reports goes on, and the newest
// report is what the parent reads in the end.
func TestOutboxNeverWaits(t *testing.T) {
	a, b := socketPair(t)
	var box outbox
	box.init(a)
	const rounds = 3000 // more than the socket holds
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range rounds {
			states := []vrrp.InstanceState{{Key: "a", Priority: uint8(i), VRID: uint8(i >> 8)}}
			box.report(func() any { return states })
			box.put(message{Kind: kindAnswer, Generation: i})
		}
	}()
	select {
	case <-done:
	case <-time.After(testPatience):
		t.Fatal("a report waits for the parent")
	}
	answers, newest := 0, -1
	for answers < rounds || newest != rounds-1 {
		m, err := receiveMessage(b, make([]byte, maxPacket))
		if err != nil {
			t.Fatalf("after %d answers and report %d: %v", answers, newest, err)
		}
		if m.Kind == kindAnswer {
			if m.Generation != answers {
				t.Fatalf("answer %d, want %d: none may be lost or overtaken", m.Generation, answers)
			}
			answers++
			continue
		}
		var states []vrrp.InstanceState
		if err := loadJSON(m.files[0], &states); err != nil {
			t.Fatal(err)
		}
		closeFiles(m.files)
		newest = int(states[0].Priority) | int(states[0].VRID)<<8
	}
	box.close()
}

// TestOutboxDelivers has the message with the parent when deliver returns, and gives a parent up that does not read or is gone.
func TestOutboxDelivers(t *testing.T) {
	a, b := socketPair(t)
	var box outbox
	box.init(a)
	raw, err := b.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	late := 0
	for i := range 100 {
		begin := time.Now()
		box.deliver(message{Kind: kindFormer, Generation: i})
		took := time.Since(begin)
		var here error
		if err := raw.Control(func(fd uintptr) {
			_, _, here = unix.Recvfrom(int(fd), make([]byte, maxPacket), unix.MSG_DONTWAIT)
		}); err != nil {
			t.Fatal(err)
		}
		if here == unix.EAGAIN && took >= outboxPatience { // on a busy machine the parent was given up
			late++
			_, here = receiveMessage(b, make([]byte, maxPacket))
		}
		if here != nil {
			t.Fatalf("message %d is not there: %v", i, here)
		}
	}
	if late > 50 {
		t.Errorf("the parent was given up %d times of 100", late)
	}
	for range 3000 { // more than the socket holds
		box.put(message{Kind: kindAnswer})
	}
	within := func(what string) {
		t.Helper()
		done := make(chan struct{})
		go func() { defer close(done); box.deliver(message{Kind: kindFormer}) }()
		select {
		case <-done:
		case <-time.After(testPatience):
			t.Fatalf("it waits for a parent that %s", what)
		}
	}
	within("does not read")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	within("is gone")
	box.close()
}

// TestOutboxParentGone ends in bounded time when there is nobody to read.
func TestOutboxParentGone(t *testing.T) {
	a, b := socketPair(t)
	var box outbox
	box.init(a)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	box.put(message{Kind: kindReady})
	<-box.done
	box.put(message{Kind: kindReady}) // nobody takes it, nobody waits
	box.close()
}

// TestOutboxShortOfDescriptors reports while the process cannot make files. Messages go on, and the report is not lost.
func TestOutboxShortOfDescriptors(t *testing.T) {
	a, b := socketPair(t)
	var box outbox
	box.init(a)
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	none := unix.Rlimit{Cur: 3, Max: old.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Setrlimit(unix.RLIMIT_NOFILE, &old) }()
	box.report(func() any { return []vrrp.InstanceState{{Key: "a"}} })
	for i := range 2 {
		box.put(message{Kind: kindAnswer, Generation: i})
		m, err := receiveMessage(b, make([]byte, maxPacket))
		if err != nil || m.Kind != kindAnswer || m.Generation != i {
			t.Fatalf("without descriptors came %+v, %v", m, err)
		}
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	if got := receiveStates(t, b); len(got) != 1 || got[0].Key != "a" {
		t.Errorf("report %+v", got)
	}
	box.close()
}

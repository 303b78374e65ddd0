package netif

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// message is what the kernel sends about an event.
func message(what uint32, words ...uint32) []byte {
	b := make([]byte, unix.SizeofNlMsghdr)
	order := binary.NativeEndian
	b = order.AppendUint32(order.AppendUint32(b, connectorProcesses), connectorProcesses)
	b = append(b, make([]byte, connectorHeader-8)...)
	b = append(order.AppendUint32(b, what), make([]byte, 12)...)
	for _, w := range words {
		b = order.AppendUint32(b, w)
	}
	return b
}

func TestParseProcessEvent(t *testing.T) {
	foreign := message(processExec, 7, 7)
	foreign[unix.SizeofNlMsghdr] = 9
	for name, row := range map[string]struct {
		message []byte
		want    ProcessEvent
		kind    messageKind
	}{
		"confirmation":     {message(processNone, 0), ProcessEvent{}, confirmation},
		"fork":             {message(processFork, 5, 4, 7, 7), ProcessEvent{ProcessChanged, 7, 4}, eventOfProcess},
		"new thread":       {message(processFork, 4, 4, 8, 7), ProcessEvent{}, otherMessage},
		"exec":             {message(processExec, 7, 7), ProcessEvent{ProcessChanged, 7, 0}, eventOfProcess},
		"name":             {message(processComm, 7, 7, 0, 0, 0, 0), ProcessEvent{ProcessChanged, 7, 0}, eventOfProcess},
		"name of a thread": {message(processComm, 8, 7, 0, 0, 0, 0), ProcessEvent{}, otherMessage},
		"end":              {message(processExit, 7, 7, 0, 0), ProcessEvent{ProcessEnded, 7, 0}, eventOfProcess},
		"end of a thread":  {message(processExit, 8, 7, 0, 0), ProcessEvent{}, otherMessage},
		"something else":   {message(4, 7, 7), ProcessEvent{}, otherMessage},
		"too short":        {message(processExec)[:eventData-1], ProcessEvent{}, otherMessage},
		"of another kind":  {foreign, ProcessEvent{}, otherMessage},
	} {
		if got, kind := parseProcessEvent(row.message); got != row.want || kind != row.kind {
			t.Errorf("%s: %+v %d, want %+v %d", name, got, kind, row.want, row.kind)
		}
	}
}

// TestProcessRequests compares the messages to the kernel, word by word, with what its headers ask for: a header of
// netlink, one of the connector, and one word.
func TestProcessRequests(t *testing.T) {
	for what, want := range map[uint32][]uint32{
		1: {40, 3, 0, 0, 1, 1, 0, 0, 4, 1},
		2: {40, 3, 0, 0, 1, 1, 0, 0, 4, 2},
	} {
		// Two words are made of halves, whose order is the machine's.
		var b []byte
		for i, w := range want {
			if i == 1 || i == 8 {
				b = binary.NativeEndian.AppendUint16(b, uint16(w))
				b = binary.NativeEndian.AppendUint16(b, 0)
			} else {
				b = binary.NativeEndian.AppendUint32(b, w)
			}
		}
		if got := request(what); !bytes.Equal(got, b) {
			t.Errorf("%d: %x, want %x", what, got, b)
		}
	}
}

// TestProcessEventsEnd closes the reports, with the test in the kernel's place: it is told so, once, before the end.
func TestProcessEventsEnd(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	kernel := os.NewFile(uintptr(fds[1]), "kernel")
	defer func() { _ = kernel.Close() }()
	if err := kernel.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	p := &ProcessEvents{os.NewFile(uintptr(fds[0]), "process events")}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	var b [100]byte
	if n, err := kernel.Read(b[:]); err != nil || !bytes.Equal(b[:n], request(ignore)) {
		t.Errorf("%x, %v", b[:n], err)
	}
	if n, err := kernel.Read(b[:]); !errors.Is(err, io.EOF) {
		t.Errorf("after it %x, %v", b[:n], err)
	}
	if err := p.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
}

// TestProcessEvents sees the life of a process, on a kernel that reports, where we stand in its first namespaces.
// Elsewhere it must be said, and at once.
func TestProcessEvents(t *testing.T) {
	begin := time.Now()
	p, err := OpenProcessEvents(1<<16, false)
	if err != nil {
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("it took %v to say %v", took, err)
		}
		t.Log(err)
		return
	}
	events := make(chan ProcessEvent, 100000)
	go func() { _ = p.Read(func(e ProcessEvent) { events <- e }) }()
	defer func() { _ = p.Close() }()
	run := func() *exec.Cmd {
		c := exec.Command("/bin/true")
		if err := c.Run(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	c, changed, deadline := run(), false, time.After(10*time.Second)
	for {
		select {
		case e := <-events:
			if e.Kind == ProcessesLost { // the machine is busy
				c, changed = run(), false
				continue
			}
			changed = changed || e.Pid == c.Process.Pid && e.Kind == ProcessChanged
			if e.Pid == c.Process.Pid && e.Kind == ProcessEnded {
				if !changed {
					t.Error("it ended before it began")
				}
				return
			}
		case <-deadline:
			t.Fatal("the end of a process was not reported")
		}
	}
}

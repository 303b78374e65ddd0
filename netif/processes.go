package netif

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// ProcessEventKind says what happened to a process.
type ProcessEventKind uint8

// The kinds.
const (
	ProcessChanged ProcessEventKind = iota // it is new, or executes another program, or has another name
	ProcessEnded
	ProcessesLost // events were lost: any process may have changed
)

// ProcessEvent is one report of the kernel.
type ProcessEvent struct {
	Kind ProcessEventKind
	Pid  int
	// Parent is the process that has forked it, 0 when the event is no fork.
	Parent int
}

// ErrNoProcessEvents says that the kernel does not tell this process of others: it cannot, or we are in a namespace.
var ErrNoProcessEvents = errors.New("the kernel reports no process events here")

// ackPatience is how long the kernel may take to confirm that it will report. It does so at once, or never.
const ackPatience = 100 * time.Millisecond

// Words of the process event connector (linux/connector.h, linux/cn_proc.h).
const (
	connectorProcesses = 1 // CN_IDX_PROC and CN_VAL_PROC
	connectorHeader    = 20
	listen             = 1 // PROC_CN_MCAST_LISTEN
	ignore             = 2 // PROC_CN_MCAST_IGNORE
	eventData          = unix.SizeofNlMsghdr + connectorHeader + 16

	processNone = 0
	processFork = 0x00000001
	processExec = 0x00000002
	processComm = 0x00000200
	processExit = 0x80000000
)

// ProcessEvents are the kernel's reports of processes.
type ProcessEvents struct{ file *os.File }

// OpenProcessEvents asks the kernel for reports. buffer is the size of the socket's buffer in bytes, 0 for the kernel's
// default; force allows more than the limit of the system. It needs the capability CAP_NET_ADMIN.
func OpenProcessEvents(buffer int, force bool) (*ProcessEvents, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_CONNECTOR)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoProcessEvents, err)
	}
	p := &ProcessEvents{os.NewFile(uintptr(fd), "process events")}
	if err := askForProcesses(fd, buffer, force); err != nil {
		_ = p.file.Close() // the kernel does not count us, and must not be told that we have gone
		return nil, fmt.Errorf("%w: %w", ErrNoProcessEvents, err)
	}
	confirmed := false
	if err := p.file.SetReadDeadline(time.Now().Add(ackPatience)); err == nil {
		for !confirmed && err == nil {
			confirmed, err = p.read(func(ProcessEvent) {})
		}
	}
	if !confirmed || p.file.SetReadDeadline(time.Time{}) != nil {
		_ = p.Close()
		return nil, ErrNoProcessEvents
	}
	return p, nil
}

func askForProcesses(fd, buffer int, force bool) error {
	if buffer > 0 {
		option := unix.SO_RCVBUF
		if force {
			option = unix.SO_RCVBUFFORCE
		}
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, buffer); err != nil {
			return fmt.Errorf("setting the buffer for process events: %w", err)
		}
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: connectorProcesses}); err != nil {
		return fmt.Errorf("binding: %w", err)
	}
	if err := unix.Sendto(fd, request(listen), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("asking for process events: %w", err)
	}
	return nil
}

// request is the message that has the kernel begin or end its reports.
func request(what uint32) []byte {
	order, b := binary.NativeEndian, []byte(nil)
	b = order.AppendUint32(b, unix.SizeofNlMsghdr+connectorHeader+4)
	b = order.AppendUint16(b, unix.NLMSG_DONE)
	b = append(b, make([]byte, 10)...) // flags, sequence, port
	b = order.AppendUint32(b, connectorProcesses)
	b = order.AppendUint32(b, connectorProcesses)
	b = append(b, make([]byte, 8)...) // sequence, acknowledgement
	b = order.AppendUint16(b, 4)
	b = order.AppendUint16(b, 0)
	b = order.AppendUint32(b, what)
	return b
}

// Read reports events until Close.
func (p *ProcessEvents) Read(report func(ProcessEvent)) error {
	for {
		if _, err := p.read(report); err != nil {
			return err
		}
	}
}

// Close ends Read, and the kernel's reports: one before 6.6 does not see that the socket is closed, and would go on making
// them for nobody until the machine is started anew.
func (p *ProcessEvents) Close() error {
	_, err := p.file.Write(request(ignore))
	return errors.Join(err, p.file.Close())
}

// read waits for one message. confirmed is true for the kernel's word that it reports.
func (p *ProcessEvents) read(report func(ProcessEvent)) (confirmed bool, err error) {
	raw, err := p.file.SyscallConn()
	if err != nil {
		return false, fmt.Errorf("process events: %w", err)
	}
	var buffer [1024]byte
	var n int
	var from unix.Sockaddr
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		n, from, failed = unix.Recvfrom(int(fd), buffer[:], 0)
		return !errors.Is(failed, unix.EAGAIN) && !errors.Is(failed, unix.EINTR)
	})
	switch {
	case err != nil:
		return false, fmt.Errorf("process events: %w", err)
	case errors.Is(failed, unix.ENOBUFS):
		report(ProcessEvent{Kind: ProcessesLost})
		return false, nil
	case failed != nil:
		return false, fmt.Errorf("process events: %w", failed)
	}
	if kernel, ok := from.(*unix.SockaddrNetlink); !ok || kernel.Pid != 0 {
		return false, nil // anybody may send to a netlink socket
	}
	e, kind := parseProcessEvent(buffer[:n])
	if kind == eventOfProcess {
		report(e)
	}
	return kind == confirmation, nil
}

// messageKind is what a message is about.
type messageKind uint8

const (
	otherMessage messageKind = iota
	confirmation
	eventOfProcess
)

// parseProcessEvent reads one message. What threads do is nobody's business.
func parseProcessEvent(b []byte) (ProcessEvent, messageKind) {
	order := binary.NativeEndian
	if len(b) < eventData || order.Uint32(b[unix.SizeofNlMsghdr:]) != connectorProcesses || order.Uint32(b[unix.SizeofNlMsghdr+4:]) != connectorProcesses {
		return ProcessEvent{}, otherMessage
	}
	word := func(i int) int {
		if at := eventData + 4*i; len(b) >= at+4 {
			return int(order.Uint32(b[at:]))
		}
		return -1
	}
	switch order.Uint32(b[eventData-16:]) {
	case processNone:
		return ProcessEvent{}, confirmation
	case processFork: // parent thread, parent, child thread, child
		if word(2) == word(3) {
			return ProcessEvent{Kind: ProcessChanged, Pid: word(3), Parent: word(1)}, eventOfProcess
		}
	case processExec, processComm: // thread, process
		if word(0) == word(1) {
			return ProcessEvent{Kind: ProcessChanged, Pid: word(1)}, eventOfProcess
		}
	case processExit:
		if word(0) == word(1) {
			return ProcessEvent{Kind: ProcessEnded, Pid: word(1)}, eventOfProcess
		}
	}
	return ProcessEvent{}, otherMessage
}

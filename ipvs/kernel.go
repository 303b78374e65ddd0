package ipvs

import (
	"errors"
	"fmt"
	"math/bits"
	"os/exec"
	"sync/atomic"
	"time"

	moby "github.com/moby/ipvs"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// ErrMissing says that the kernel has no virtual servers and could not be given them.
var ErrMissing = errors.New(`the kernel has no ip_vs: load it with "modprobe ip_vs", or boot a kernel that has it (CONFIG_IP_VS)`)

// answerPatience bounds the wait for one answer of the kernel.
const answerPatience = 10 * time.Second

// maxReads bounds the attempts to read a table that changes meanwhile.
const maxReads = 10

// Kernel is the table of virtual servers of one network namespace. It is not for several goroutines at a time, except
// Writes.
type Kernel struct {
	services *moby.Handle
	socket   *nl.SocketHandle
	family   int
	writes   atomic.Uint64
}

// Open finds the table of the calling thread's network namespace. Where the kernel has none it tries to load the
// module, and fails with ErrMissing when that does not help.
func Open() (*Kernel, error) {
	family, err := findFamily()
	if err != nil {
		return nil, err
	}
	socket, err := nl.Subscribe(unix.NETLINK_GENERIC)
	if err != nil {
		return nil, fmt.Errorf("opening a netlink socket: %w", err)
	}
	timeout := unix.NsecToTimeval(answerPatience.Nanoseconds())
	if err := errors.Join(socket.SetReceiveTimeout(&timeout), socket.SetSendTimeout(&timeout)); err != nil {
		socket.Close()
		return nil, fmt.Errorf("setting up a netlink socket: %w", err)
	}
	services, err := moby.New("")
	if err != nil {
		socket.Close()
		return nil, fmt.Errorf("opening the table of virtual servers: %w", err)
	}
	return &Kernel{services: services, socket: &nl.SocketHandle{Socket: socket}, family: family}, nil
}

// findFamily asks for the number under which the kernel has virtual servers.
func findFamily() (int, error) {
	f, err := netlink.GenlFamilyGet("IPVS")
	if errors.Is(err, unix.ENOENT) {
		_ = exec.Command("modprobe", "-q", "ip_vs").Run() // whether it helped is seen next
		f, err = netlink.GenlFamilyGet("IPVS")
	}
	switch {
	case errors.Is(err, unix.ENOENT):
		return 0, ErrMissing
	case err != nil:
		return 0, fmt.Errorf("asking the kernel for virtual servers: %w", err)
	}
	return int(f.ID), nil
}

// Close gives the kernel's table up, which stays as it is.
func (k *Kernel) Close() {
	k.services.Close()
	k.socket.Socket.Close()
}

// Writes is how many operations the kernel was asked for. It may be called from any goroutine.
func (k *Kernel) Writes() uint64 { return k.writes.Load() }

// Read returns the whole table.
func (k *Kernel) Read() (Table, error) {
	for range maxReads {
		t, err := k.read()
		if !errors.Is(err, nl.ErrDumpInterrupted) && !errors.Is(err, unix.ESRCH) {
			return t, err
		}
	}
	return nil, fmt.Errorf("reading virtual servers: they changed during each of %d attempts", maxReads)
}

func (k *Kernel) read() (Table, error) {
	messages, err := k.request(cmdGetService, unix.NLM_F_DUMP)
	if err != nil {
		return nil, fmt.Errorf("reading virtual servers: %w", err)
	}
	t := make(Table, len(messages))
	for _, m := range messages {
		a, err := parseAttributes(m, attrService)
		if err != nil {
			return nil, fmt.Errorf("reading virtual servers: %w", err)
		}
		s, err := parseService(a)
		if err != nil {
			return nil, fmt.Errorf("reading virtual servers: %w", err)
		}
		e := Entry{Service: s}
		if e.Destinations, err = k.readDestinations(s.Key); err != nil {
			return nil, fmt.Errorf("reading the servers of %s: %w", s.Key, err)
		}
		t[s.Key] = e
	}
	return t, nil
}

func (k *Kernel) readDestinations(key Key) ([]Destination, error) {
	messages, err := k.request(cmdGetDestination, unix.NLM_F_DUMP, keyAttribute(key))
	if err != nil {
		return nil, err
	}
	var list []Destination
	for _, m := range messages {
		a, err := parseAttributes(m, attrDestination)
		if err != nil {
			return nil, err
		}
		d, err := parseDestination(a, key.Family)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}

// request sends a command and returns what the kernel answers.
func (k *Kernel) request(command uint8, flags int, attributes ...*nl.RtAttr) ([][]byte, error) {
	r := nl.NewNetlinkRequest(k.family, flags)
	r.Sockets = map[int]*nl.SocketHandle{unix.NETLINK_GENERIC: k.socket}
	r.AddData(&nl.Genlmsg{Command: command, Version: 1})
	for _, a := range attributes {
		r.AddData(a)
	}
	return r.Execute(unix.NETLINK_GENERIC, 0)
}

// Apply carries out operations in their order and stops at the first one that fails, with an *OperationError.
func (k *Kernel) Apply(operations []Operation) error {
	for _, o := range operations {
		k.writes.Add(1)
		if err := k.apply(o); err != nil {
			return &OperationError{Operation: o, Err: err}
		}
	}
	return nil
}

func (k *Kernel) apply(o Operation) error {
	switch o.Verb {
	case AddService:
		return k.services.NewService(mobyService(o.Service))
	case EditService:
		return k.services.UpdateService(mobyService(o.Service))
	case DeleteService:
		return k.services.DelService(mobyService(o.Service))
	case AddDestination:
		return k.changeDestination(cmdNewDestination, o)
	case EditDestination:
		return k.changeDestination(cmdSetDestination, o)
	case DeleteDestination:
		return k.changeDestination(cmdDeleteDestination, o)
	}
	return fmt.Errorf("no such operation: %d", o.Verb)
}

func (k *Kernel) changeDestination(command uint8, o Operation) error {
	_, err := k.request(command, unix.NLM_F_ACK, keyAttribute(o.Service.Key), destinationAttribute(o.Destination))
	return err
}

// Flush empties the table, with what belongs to others.
func (k *Kernel) Flush() error {
	k.writes.Add(1)
	if err := k.services.Flush(); err != nil {
		return fmt.Errorf("emptying the table of virtual servers: %w", err)
	}
	return nil
}

// mobyService is a service in the words of the library.
func mobyService(s Service) *moby.Service {
	m := &moby.Service{
		AddressFamily: familyNumber(s.Family), FWMark: s.Mark, Protocol: uint16(s.Protocol),
		SchedName: s.Scheduler, PEName: s.Engine, Flags: uint32(s.Flags), Timeout: s.Timeout, Netmask: netmask(s),
	}
	if s.Mark == 0 {
		m.Address, m.Port = s.Addr.Addr().AsSlice(), s.Addr.Port()
	}
	if s.Timeout > 0 {
		m.Flags |= persistentFlag
	}
	return m
}

// netmask is the persistence granularity as the kernel has it: the mask of an IPv4 address in network byte order, or
// the prefix length of an IPv6 address.
func netmask(s Service) uint32 {
	if s.Family == 6 {
		return uint32(s.Prefix)
	}
	return number(bigEndian32(^uint32(0) << (32 - min(s.Prefix, 32))))
}

func bigEndian32(v uint32) []byte { return []byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)} }

// onesOf counts the leading ones of a mask in network byte order.
func onesOf(mask []byte) int {
	ones := 0
	for _, b := range mask[:min(len(mask), 4)] {
		n := bits.LeadingZeros8(^b)
		ones += n
		if n < 8 {
			break
		}
	}
	return ones
}

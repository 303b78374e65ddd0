package ipvs

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync/atomic"
	"time"

	moby "github.com/moby/ipvs"
	"github.com/sirupsen/logrus"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// ErrMissing says that the kernel has no virtual servers and could not be given them.
var ErrMissing = errors.New(`the kernel has no ip_vs: load it with "modprobe ip_vs", or boot a kernel that has it (CONFIG_IP_VS)`)

// maxReads bounds the attempts to read a table that changes meanwhile.
const maxReads = 10

// Kernel is the table of virtual servers of one network namespace. It is not for several goroutines at a time, except
// Writes.
type Kernel struct {
	conversation *conversation // for what comes by the thousand, and for what the library lacks
	library      *moby.Handle  // for what is asked for once
	writes       atomic.Uint64
}

// Open finds the table of the calling thread's network namespace. Where the kernel has none it tries to load the
// module, and fails with ErrMissing when that does not help; a later call tries again.
func Open() (*Kernel, error) {
	family, err := findFamily()
	if err != nil {
		return nil, err
	}
	c, err := converse(family)
	if err != nil {
		return nil, err
	}
	library, err := openLibrary()
	if err != nil {
		c.close()
		return nil, fmt.Errorf("opening the table of virtual servers: %w", err)
	}
	return &Kernel{library: library, conversation: c}, nil
}

// openLibrary opens the library's handle. The library looks for the kernel's family once in the life of a process, so
// it must not begin before the family is there. It calls modprobe once more, and logs that there is none; here that is
// nothing to say.
func openLibrary() (*moby.Handle, error) {
	log := logrus.StandardLogger()
	defer log.SetOutput(log.Out)
	log.SetOutput(io.Discard)
	return moby.New("")
}

// findFamily asks for the number under which the kernel has virtual servers.
func findFamily() (uint16, error) {
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
	return f.ID, nil
}

// Close gives the kernel's table up, which stays as it is.
func (k *Kernel) Close() {
	k.library.Close()
	k.conversation.close()
}

// Writes is how many operations the kernel was asked for. It may be called from any goroutine.
func (k *Kernel) Writes() uint64 { return k.writes.Load() }

// Read returns the whole table.
func (k *Kernel) Read() (Table, error) {
	for range maxReads {
		t, err := k.read()
		if !errors.Is(err, errInterrupted) && !errors.Is(err, unix.ESRCH) && !errors.Is(err, unix.EINTR) {
			return t, err
		}
	}
	return nil, fmt.Errorf("reading virtual servers: they changed during each of %d attempts", maxReads)
}

func (k *Kernel) read() (Table, error) {
	t := Table{}
	err := k.conversation.list(cmdGetService, func(row []byte) error {
		a, err := parseAttributes(row, attrService)
		if err != nil {
			return err
		}
		s, err := parseService(a)
		t[s.Key] = Entry{Service: s}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading virtual servers: %w", err)
	}
	for key, e := range t {
		if e.Destinations, err = k.readDestinations(key); err != nil {
			return nil, fmt.Errorf("reading the servers of %s: %w", key, err)
		}
		t[key] = e
	}
	return t, nil
}

func (k *Kernel) readDestinations(key Key) ([]Destination, error) {
	var list []Destination
	err := k.listDestinations(key, func(a map[uint16][]byte) error {
		d, err := parseDestination(a, key.Family)
		list = append(list, d)
		return err
	})
	return list, err
}

func (k *Kernel) listDestinations(key Key, take func(map[uint16][]byte) error) error {
	return k.conversation.list(cmdGetDestination, func(row []byte) error {
		a, err := parseAttributes(row, attrDestination)
		if err != nil {
			return err
		}
		return take(a)
	}, keyAttribute(key))
}

// Apply carries out operations in their order. One that fails keeps no other one back: the error is OperationErrors,
// with each one that the kernel refused. EEXIST, ESRCH and ENOENT of a destination say that somebody else was at the
// table: Read and Plan again.
func (k *Kernel) Apply(operations []Operation) error {
	var failed OperationErrors
	for len(operations) > 0 {
		n := min(len(operations), batchSize)
		for i, err := range k.apply(operations[:n]) {
			failed.Add(operations[i], err)
		}
		operations = operations[n:]
	}
	return failed.AsError()
}

// apply sends operations at once and returns how each one ended.
func (k *Kernel) apply(operations []Operation) []error {
	var message []byte
	first := k.conversation.serial + 1
	for _, o := range operations {
		command, attributes := o.encode()
		message, _ = k.conversation.request(message, command, unix.NLM_F_ACK, attributes...)
	}
	k.writes.Add(uint64(len(operations)))
	return k.conversation.batch(message, first, len(operations))
}

// encode puts an operation in the kernel's words. An unknown one is one that the kernel does not know.
func (o Operation) encode() (command uint8, attributes []*nl.RtAttr) {
	switch o.Verb {
	case AddService:
		return cmdNewService, []*nl.RtAttr{serviceAttribute(o.Service)}
	case EditService:
		return cmdSetService, []*nl.RtAttr{serviceAttribute(o.Service)}
	case DeleteService:
		return cmdDeleteService, []*nl.RtAttr{keyAttribute(o.Service.Key)}
	case AddDestination:
		return cmdNewDestination, []*nl.RtAttr{keyAttribute(o.Service.Key), destinationAttribute(o.Destination)}
	case EditDestination:
		return cmdSetDestination, []*nl.RtAttr{keyAttribute(o.Service.Key), destinationAttribute(o.Destination)}
	case DeleteDestination:
		return cmdDeleteDestination, []*nl.RtAttr{keyAttribute(o.Service.Key), destinationKey(o.Destination)}
	}
	return cmdUnknown, nil
}

// Flush empties the table, with what belongs to others.
func (k *Kernel) Flush() error {
	k.writes.Add(1)
	if err := k.library.Flush(); err != nil {
		return fmt.Errorf("emptying the table of virtual servers: %w", err)
	}
	return nil
}

// Timeouts are how long the kernel remembers connections that are silent, in whole seconds; 0 leaves one as it is.
type Timeouts struct {
	TCP    time.Duration // established
	TCPFin time.Duration // after the end from one side
	UDP    time.Duration
}

// Timeouts are those that are in force.
func (k *Kernel) Timeouts() (Timeouts, error) {
	c, err := k.library.GetConfig()
	if err != nil {
		return Timeouts{}, fmt.Errorf("reading the timeouts of connections: %w", err)
	}
	return Timeouts{TCP: c.TimeoutTCP, TCPFin: c.TimeoutTCPFin, UDP: c.TimeoutUDP}, nil
}

// SetTimeouts changes those that are not 0.
func (k *Kernel) SetTimeouts(t Timeouts) error {
	k.writes.Add(1)
	if err := k.library.SetConfig(&moby.Config{TimeoutTCP: t.TCP, TimeoutTCPFin: t.TCPFin, TimeoutUDP: t.UDP}); err != nil {
		return fmt.Errorf("setting the timeouts of connections: %w", err)
	}
	return nil
}

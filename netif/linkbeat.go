package netif

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Beat is a way to ask the driver of an interface whether it has a link.
type Beat uint8

// The ways to ask. AnyBeat is the first of the others that the driver knows.
const (
	AnyBeat     Beat = iota
	MIIBeat          // the registers of the transceiver (IEEE 802.3, clause 22)
	EthtoolBeat      // ETHTOOL_GLINK
	FlagsBeat        // the flags of the interface alone
)

// Registers of MII (IEEE 802.3, clause 22) and the request of ethtool.
const (
	miiControl     = 0
	miiStatus      = 1
	miiLinkUp      = 0x0004
	ethtoolGetLink = 0x0000000a
)

// ifreq is struct ifreq with numbers in its union, ifreqPointer with a pointer.
type ifreq struct {
	name [unix.IFNAMSIZ]byte
	data [12]uint16
}

type ifreqPointer struct {
	name [unix.IFNAMSIZ]byte
	data unsafe.Pointer
	_    [16]byte
}

// prober asks drivers through a socket.
type prober struct{ fd int }

func openProber() (*prober, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("opening a socket to ask for links: %w", err)
	}
	return &prober{fd}, nil
}

func (p *prober) close() error { return unix.Close(p.fd) }

// up asks whether an interface has a link. by is the way to ask, or the one that is wanted when no way has been found
// yet; the way that works comes back. Whatever the driver says, the interface must also have the flags.
func (p *prober) up(name string, by Beat, found bool) (bool, Beat) {
	order := []Beat{by}
	switch {
	case found:
	case by == AnyBeat:
		order = []Beat{MIIBeat, EthtoolBeat, FlagsBeat}
	case by == MIIBeat:
		order = []Beat{MIIBeat, EthtoolBeat, FlagsBeat}
	case by == EthtoolBeat:
		order = []Beat{EthtoolBeat, MIIBeat, FlagsBeat}
	}
	for _, way := range order {
		if up, ok := p.ask(name, way); ok {
			return up && p.flags(name), way
		}
	}
	return false, by
}

func (p *prober) ask(name string, by Beat) (up, ok bool) {
	switch by {
	case MIIBeat:
		return p.mii(name)
	case EthtoolBeat:
		return p.ethtool(name)
	}
	return true, true
}

// mii reads the status register twice: a link that was lost meanwhile stays lost in the first answer.
func (p *prober) mii(name string) (up, ok bool) {
	transceiver := ifreq{name: ifname(name)}
	if !p.ioctl(unix.SIOCGMIIPHY, unsafe.Pointer(&transceiver)) {
		return false, false
	}
	read := func(register uint16) (value uint16, ok bool) {
		r := ifreq{name: ifname(name), data: [12]uint16{transceiver.data[0], register}}
		ok = p.ioctl(unix.SIOCGMIIREG, unsafe.Pointer(&r))
		return r.data[3], ok
	}
	control, ok1 := read(miiControl)
	first, ok2 := read(miiStatus)
	second, ok3 := read(miiStatus)
	if !ok1 || !ok2 || !ok3 || control == 0xffff || first == 0 {
		return false, false // there is no transceiver
	}
	return (first|second)&miiLinkUp != 0, true
}

func (p *prober) ethtool(name string) (up, ok bool) {
	value := struct{ command, data uint32 }{command: ethtoolGetLink}
	r := ifreqPointer{name: ifname(name), data: unsafe.Pointer(&value)}
	ok = p.ioctl(unix.SIOCETHTOOL, unsafe.Pointer(&r))
	return value.data != 0, ok
}

// flags tells whether the interface is up and running.
func (p *prober) flags(name string) bool {
	r := ifreq{name: ifname(name)}
	const wanted = unix.IFF_UP | unix.IFF_RUNNING
	return p.ioctl(unix.SIOCGIFFLAGS, unsafe.Pointer(&r)) && r.data[0]&wanted == wanted
}

func ifname(name string) (b [unix.IFNAMSIZ]byte) {
	copy(b[:len(b)-1], name)
	return b
}

func (p *prober) ioctl(number uintptr, request unsafe.Pointer) bool {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(p.fd), number, uintptr(request))
	return errno == 0
}

package netif

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// skipStatistics (RTEXT_FILTER_SKIP_STATS) leaves the counters, most of a link's message, out of the answer.
const skipStatistics = 1 << 3

// readTries bounds how often a state that changed while it was read is read again at once.
const readTries = 10

// Read returns the interfaces of the network namespace of the calling thread. Addresses that IPv6 still probes
// (tentative) or found taken are left out: nothing can be sent from them.
func Read() (State, error) {
	c, err := dial()
	if err != nil {
		return State{}, fmt.Errorf("reading interfaces: %w", err)
	}
	s, err := c.state()
	return s, errors.Join(err, c.close())
}

// state reads links and addresses.
func (c *conn) state() (State, error) {
	var s State
	var err error
	for range readTries {
		if s, err = c.tryState(); !errors.Is(err, errInterrupted) {
			break
		}
	}
	if err != nil {
		return State{}, fmt.Errorf("reading interfaces: %w", err)
	}
	return s, nil
}

func (c *conn) tryState() (State, error) {
	links := map[int]*Link{}
	request := nl.NewNetlinkRequest(unix.RTM_GETLINK, unix.NLM_F_DUMP)
	request.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	request.AddData(nl.NewRtAttr(unix.IFLA_EXT_MASK, nl.Uint32Attr(skipStatistics)))
	err := c.call(request, func(data []byte) {
		if l, ok := parseLink(data); ok {
			links[l.Index] = &l
		}
	})
	if err != nil {
		return State{}, err
	}
	err = c.addresses(0, func(a heldAddress) {
		l := links[a.index]
		if l == nil || a.flags&(unix.IFA_F_TENTATIVE|unix.IFA_F_DADFAILED) != 0 && a.flags&unix.IFA_F_OPTIMISTIC == 0 {
			return
		}
		l.Addresses = append(l.Addresses, a.Prefix)
	})
	if err != nil {
		return State{}, err
	}
	s := State{ByIndex: make(map[int]Link, len(links)), ByName: make(map[string]Link, len(links))}
	for _, l := range links {
		s.ByIndex[l.Index] = *l
		s.ByName[l.Name] = *l
	}
	return s, nil
}

// parseLink reads the body of an RTM_NEWLINK message.
func parseLink(data []byte) (Link, bool) {
	if len(data) < unix.SizeofIfInfomsg {
		return Link{}, false
	}
	m := nl.DeserializeIfInfomsg(data)
	attributes, err := nl.ParseRouteAttr(data[unix.SizeofIfInfomsg:])
	if err != nil {
		return Link{}, false
	}
	l := Link{
		Index:    int(m.Index),
		Up:       m.Flags&unix.IFF_UP != 0,
		Running:  m.Flags&unix.IFF_RUNNING != 0,
		Loopback: m.Flags&unix.IFF_LOOPBACK != 0,
		NoARP:    m.Flags&unix.IFF_NOARP != 0,

		Broadcast:    m.Flags&unix.IFF_BROADCAST != 0,
		Multicast:    m.Flags&unix.IFF_MULTICAST != 0,
		PointToPoint: m.Flags&unix.IFF_POINTOPOINT != 0,
		Hardware:     m.Type,
	}
	elsewhere, namespace := false, int32(0)
	for _, a := range attributes {
		switch a.Attr.Type {
		case unix.IFLA_IFNAME:
			l.Name = unix.ByteSliceToString(a.Value)
		case unix.IFLA_MTU:
			l.MTU = int(native32(a.Value))
		case unix.IFLA_ADDRESS:
			if len(a.Value) == len(l.HardwareAddr) {
				l.HardwareAddr = [6]byte(a.Value)
			}
		case unix.IFLA_BROADCAST:
			if len(a.Value) == len(l.BroadcastAddr) {
				l.BroadcastAddr = [6]byte(a.Value)
			}
		case unix.IFLA_GROUP:
			l.Group = native32(a.Value)
		case unix.IFLA_LINK:
			l.Parent = int(native32(a.Value))
		case unix.IFLA_MASTER:
			l.Master = int(native32(a.Value))
		case unix.IFLA_LINKINFO:
			l.parseKind(a.Value)
		case unix.IFLA_LINK_NETNSID:
			elsewhere, namespace = true, int32(native32(a.Value))
		}
	}
	if elsewhere && l.Stacked() {
		l.Far, l.Parent = Far{Namespace: namespace, Index: l.Parent}, 0
	}
	return l, l.Name != ""
}

// heldAddress is an address as the kernel holds it.
type heldAddress struct {
	Address
	index int
	flags uint32
	// peer is the far end of a point-to-point address, else the address itself. The kernel counts addresses with equal
	// local address, prefix length and network of peer as one.
	peer netip.Addr
}

// addresses reads the addresses of one interface, or of all when index is 0, in the kernel's order.
func (c *conn) addresses(index int, each func(heldAddress)) error {
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		request := nl.NewNetlinkRequest(unix.RTM_GETADDR, unix.NLM_F_DUMP)
		header := nl.NewIfAddrmsg(family)
		header.Index = uint32(index)
		request.AddData(header)
		err := c.call(request, func(data []byte) {
			// A kernel without strict checking returns those of all interfaces.
			if a, ok := parseAddress(data); ok && (index == 0 || a.index == index) {
				each(a)
			}
		})
		// Where IPv6 is turned off the kernel has no such table.
		if err != nil && !(family == unix.AF_INET6 && errors.Is(err, unix.EOPNOTSUPP)) {
			return err
		}
	}
	return nil
}

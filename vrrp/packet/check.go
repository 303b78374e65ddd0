package packet

import (
	"crypto/subtle"
	"encoding/binary"
	"net/netip"
	"time"
)

// Expect is what one virtual router expects of the adverts that it receives.
type Expect struct {
	Message            // our own advert; its Priority is not looked at
	IPv6    bool       // the family
	Source  netip.Addr // our own primary address
	Group   netip.Addr // the multicast group, where adverts must have been sent to
	// Unicast says that adverts must not have been sent to a group. Their TTL may be anything.
	Unicast bool
	// Peers, when not nil, are the only ones who may send (check_unicast_src).
	Peers []Peer
	// OldGroup, when valid, may stand in the pseudo-header in place of the destination (old_unicast_checksum).
	OldGroup netip.Addr
	// SkipKnownMaster leaves the comparison of addresses out for adverts of KnownMaster (skip_check_adv_addr).
	SkipKnownMaster bool
	KnownMaster     netip.Addr
	// Now is when the datagram came, by the wall clock (auth_hmac).
	Now time.Time
}

// Peer is a sender of unicast adverts.
type Peer struct {
	Address        netip.Addr
	MinTTL, MaxTTL uint8 // the range of what may be left of the TTL, or the hop limit
}

// Received is what was found in a datagram. After a Reason that is not Processed, only what Explain needs is there.
type Received struct {
	Source, Destination netip.Addr
	VRID                uint8
	Priority            uint8
	Interval            time.Duration
	// OtherChecksum says that the checksum of version 3 was right in a form that we do not send.
	OtherChecksum bool
	// OldChecksum says that it was right with OldGroup alone.
	OldChecksum bool
	// Skewed says that the clocks differ by more than half of what auth_hmac allows.
	Skewed bool

	v6        bool
	got, want int        // the two numbers that disagreed
	least     int        // got must be from it to want
	missing   netip.Addr // the address that was not there
	skew      int        // seconds that our clock is ahead
	window    int        // seconds that it may be
	version   int
	group     netip.Addr
}

// Check looks at a whole IP datagram in upstream's order of checks. With AH and HMAC it remembers what must not come
// again.
func (e *Expect) Check(datagram []byte) (Received, Reason) {
	r := Received{v6: e.IPv6}
	h, ok := parseHeader(datagram)
	if !ok || h.v6 != e.IPv6 {
		return r, NotVRRP
	}
	r.Source, r.Destination = h.source, h.destination
	r.version, r.group = e.Version, e.Group
	parts, reason := e.split(&r, datagram, h)
	if reason != OK {
		return r, reason
	}
	message := parts.message
	if !e.Unicast && h.hopLimit != TTL {
		return r.disagree(int(h.hopLimit), TTL), TTLRange
	}
	if version := int(message[0] >> 4); version != e.Version {
		return r.disagree(version, e.Version), Version
	}
	if e.HMAC != nil {
		if reason := e.HMAC.check(&r, message, parts.trailer, e.Now); reason != OK {
			return r, reason
		}
	}
	if reason := e.checkVersion2(&r, message, datagram, h); reason != OK {
		return r, reason
	}
	if kind := message[0] & 0xf; kind != typeAdvertisement {
		return r.disagree(int(kind), typeAdvertisement), Type
	}
	if h.total != len(datagram) && !padded(len(datagram), h.total) {
		return r.disagree(h.total, len(datagram)), TotalLength
	}
	if !e.checksum(&r, parts.summed) {
		return r, Checksum
	}
	if reason := e.checkDestination(r); reason != OK {
		return r, reason
	}
	r.Priority = message[2]
	r.Interval = interval(message)
	if reason := e.checkPeer(&r, h.hopLimit); reason != OK {
		return r, reason
	}
	return e.checkAddresses(r, message)
}

// parts are those of a datagram behind its headers.
type parts struct {
	message []byte
	trailer []byte // of auth_hmac, nil: none
	summed  []byte // what the checksum covers: over IPv6 the trailer as well
}

// split finds the parts. Padding after them is left out.
func (e *Expect) split(r *Received, datagram []byte, h header) (parts, Reason) {
	ah, rest := h.protocol == ProtocolAH, datagram[h.length:]
	switch {
	case ah && e.AH == nil:
		*r = r.disagree(ProtocolAH, Protocol)
		return parts{}, AuthHeader
	case h.protocol == Protocol && e.AH != nil:
		return parts{}, AuthHeader
	case ah && isVRRP(rest):
		rest = rest[ahLen:]
	case h.protocol != Protocol:
		return parts{}, NotVRRP
	}
	if len(rest) < headerLen {
		return parts{}, NotVRRP
	}
	r.VRID = rest[1]
	length, headers := e.expectedLength(rest), len(datagram)-len(rest)
	var trailer []byte
	if e.HMAC != nil && len(rest) == length+trailerLen { // padding is never that long
		trailer = rest[length:]
	}
	if !fits(len(datagram), headers+length+len(trailer)) {
		*r = r.wrongLength(len(datagram), headers-h.length+length, h)
		return parts{}, Length
	}
	p := parts{rest[:length], trailer, rest[:length]}
	if e.IPv6 {
		p.summed = rest[:length+len(trailer)]
	}
	return p, OK
}

// checkDestination tells whether the datagram was sent to the group, or to us alone, as it must be.
func (e *Expect) checkDestination(r Received) Reason {
	switch multicast := r.Destination.IsMulticast(); {
	case e.Unicast && multicast:
		return Multicast
	case e.Unicast:
		return OK
	case !multicast:
		return Unicast
	case e.Group.IsValid() && r.Destination != e.Group:
		return Group
	}
	return OK
}

// checkPeer looks for the sender among the peers.
func (e *Expect) checkPeer(r *Received, hopLimit uint8) Reason {
	if e.Peers == nil {
		return OK
	}
	for i := range e.Peers {
		p := &e.Peers[i]
		if p.Address != r.Source {
			continue
		}
		if hopLimit < p.MinTTL || hopLimit > p.MaxTTL {
			*r = r.disagree(int(hopLimit), int(p.MaxTTL))
			r.least = int(p.MinTTL)
			return PeerTTL
		}
		return OK
	}
	return UnicastSource
}

// wrongLength notes the lengths as upstream tells them: of IPv6 it does not see the header.
func (r Received) wrongLength(got, message int, h header) Received {
	if h.v6 {
		return r.disagree(got-h.length, message)
	}
	return r.disagree(got, h.length+message)
}

func (r Received) disagree(got, want int) Received {
	r.got, r.want = got, want
	return r
}

// addressLen is the length of an address in the message.
func (e *Expect) addressLen() int {
	if e.IPv6 {
		return 16
	}
	return 4
}

// expectedLength is the length of a message by its own version and address count.
func (e *Expect) expectedLength(message []byte) int {
	n := headerLen + e.addressLen()*int(message[3])
	if message[0]>>4 == 2 {
		n += authLen
	}
	return n
}

// Shortest Ethernet payload: what is shorter is padded by the sender, or by a switch that takes VLAN tags off.
const (
	shortestPayload = 46
	vlanTag         = 4
)

// fits tells whether a datagram of got octets can hold want octets and nothing but padding after them.
func fits(got, want int) bool { return got == want || (want < shortestPayload && padded(got, want)) }

// padded tells whether got can be want octets padded by Ethernet: up to 46, less whole VLAN tags.
func padded(got, want int) bool {
	return want < got && got <= shortestPayload && (shortestPayload-got)%vlanTag == 0
}

// interval is the advertisement interval of a message.
func interval(message []byte) time.Duration {
	if message[0]>>4 == 2 {
		return time.Duration(message[5]) * time.Second
	}
	return time.Duration(binary.BigEndian.Uint16(message[4:])&maxIntervalUnits) * centisecond
}

// checkVersion2 is the part on authentication and interval, which version 3 does not have.
func (e *Expect) checkVersion2(r *Received, message, datagram []byte, h header) Reason {
	if e.Version != 2 {
		return OK
	}
	authType := message[4]
	if authType > AuthAH {
		*r = r.disagree(int(authType), int(e.AuthType))
		return AuthTypeUnknown
	}
	if authType != e.AuthType {
		*r = r.disagree(int(authType), int(e.AuthType))
		return AuthTypeOther
	}
	data := message[len(message)-authLen:]
	if authType == AuthPass && subtle.ConstantTimeCompare(data, e.AuthData[:]) != 1 {
		return AuthFailure
	}
	if e.AH != nil {
		if reason := e.AH.check(r, datagram, h, e.Unicast); reason != OK {
			return reason
		}
	}
	if theirs := interval(message); theirs != e.Message.Interval {
		*r = r.disagree(int(theirs/time.Second), int(e.Message.Interval/time.Second))
		return Interval
	}
	return OK
}

// checksum verifies the checksum. Version 3 over IPv4 is found with and without the pseudo-header in the field, and with
// a group in it that the datagram was not sent to: all are accepted, and what we do not send is noted.
func (e *Expect) checksum(r *Received, message []byte) bool {
	if e.IPv6 {
		return finish(sum(pseudoIPv6(r.Source.As16(), r.Destination.As16(), len(message)), message)) == 0
	}
	plain := finish(sum(0, message)) == 0
	if e.Version == 2 {
		return plain
	}
	with := func(destination netip.Addr) bool {
		return finish(sum(pseudoIPv4(r.Source.As4(), destination.As4(), len(message)), message)) == 0
	}
	pseudo := with(r.Destination)
	old := e.OldGroup.IsValid() && with(e.OldGroup)
	ours := pseudo
	switch {
	case e.ChecksumAsV2:
		ours = plain
	case e.ChecksumGroup.IsValid():
		ours = old
	}
	r.OldChecksum = old && !pseudo && !plain
	r.OtherChecksum = !ours && (plain || pseudo || old)
	return plain || pseudo || old
}

// checkAddresses compares the addresses. A difference is worth a complaint only.
func (e *Expect) checkAddresses(r Received, message []byte) (Received, Reason) {
	count := int(message[3])
	if count != len(e.Addresses) {
		return r.disagree(count, len(e.Addresses)), AddressCount
	}
	if e.SkipKnownMaster && r.Source == e.KnownMaster {
		return r, OK
	}
	list := message[headerLen : headerLen+e.addressLen()*count]
	for _, a := range e.Addresses {
		if !e.contains(list, a) {
			r.missing = a
			return r, AddressList
		}
	}
	return r, OK
}

func (e *Expect) contains(list []byte, address netip.Addr) bool {
	if e.IPv6 {
		return has(list, address.As16())
	}
	return has(list, address.As4())
}

// has tells whether one of the addresses that stand in list one after the other is wanted.
func has[T [4]byte | [16]byte](list []byte, wanted T) bool {
	for size := len(wanted); len(list) >= size; list = list[size:] {
		if T(list) == wanted {
			return true
		}
	}
	return false
}

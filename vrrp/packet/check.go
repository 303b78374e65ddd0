package packet

import (
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// Expect is what one virtual router expects of the adverts that it receives.
type Expect struct {
	Message            // our own advert; its Priority is not looked at
	Source  netip.Addr // our own primary address
	Group   netip.Addr // the multicast group, where adverts must have been sent to
	// SkipKnownMaster leaves the comparison of addresses out for adverts of KnownMaster (skip_check_adv_addr).
	SkipKnownMaster bool
	KnownMaster     netip.Addr
}

// Received is what was found in a datagram. After a Reason that is not Processed, only what Explain needs is there.
type Received struct {
	Source, Destination netip.Addr
	VRID                uint8
	Priority            uint8
	Interval            time.Duration
	// OtherChecksum says that the checksum of version 3 was right in the form that we do not send.
	OtherChecksum bool

	got, want int        // the two numbers that disagreed
	missing   netip.Addr // the address that was not there
	version   int
	group     netip.Addr
}

// Check looks at a whole IPv4 datagram in upstream's order of checks.
func (e *Expect) Check(datagram []byte) (Received, Reason) {
	var r Received
	header, ok := headerLength(datagram)
	if !ok {
		return r, NotVRRP
	}
	r.Source = netip.AddrFrom4([4]byte(datagram[12:16]))
	r.Destination = netip.AddrFrom4([4]byte(datagram[16:20]))
	r.version, r.group = e.Version, e.Group
	if datagram[9] == protocolAH {
		return r, AuthHeader
	}
	if datagram[9] != Protocol || len(datagram) < header+headerLen {
		return r, NotVRRP
	}
	message := datagram[header:]
	r.VRID = message[1]
	length := expectedLength(message)
	if !fits(len(datagram), header+length) {
		return r.disagree(len(datagram), header+length), Length
	}
	message = message[:length]
	if ttl := datagram[8]; ttl != TTL {
		return r.disagree(int(ttl), TTL), TTLRange
	}
	if version := int(message[0] >> 4); version != e.Version {
		return r.disagree(version, e.Version), Version
	}
	if reason := e.checkVersion2(&r, message); reason != OK {
		return r, reason
	}
	if kind := message[0] & 0xf; kind != typeAdvertisement {
		return r.disagree(int(kind), typeAdvertisement), Type
	}
	if total := int(binary.BigEndian.Uint16(datagram[2:])); total != len(datagram) && !padded(len(datagram), total) {
		return r.disagree(total, len(datagram)), TotalLength
	}
	if !e.checksum(&r, message) {
		return r, Checksum
	}
	if !r.Destination.IsMulticast() {
		return r, Unicast
	}
	if e.Group.IsValid() && r.Destination != e.Group {
		return r, Group
	}
	r.Priority = message[2]
	r.Interval = interval(message)
	return e.checkAddresses(r, message)
}

func (r Received) disagree(got, want int) Received {
	r.got, r.want = got, want
	return r
}

const protocolAH = 51

// expectedLength is the length of a message by its own version and address count.
func expectedLength(message []byte) int {
	n := headerLen + 4*int(message[3])
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
func (e *Expect) checkVersion2(r *Received, message []byte) Reason {
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
	if theirs := interval(message); theirs != e.Message.Interval {
		*r = r.disagree(int(theirs/time.Second), int(e.Message.Interval/time.Second))
		return Interval
	}
	return OK
}

// checksum verifies the checksum. Version 3 over IPv4 is found with and without the pseudo-header in the field:
// both are accepted, and the one that we do not send is noted.
func (e *Expect) checksum(r *Received, message []byte) bool {
	plain := finish(sum(0, message)) == 0
	if e.Version == 2 {
		return plain
	}
	pseudo := finish(sum(pseudoIPv4(r.Source.As4(), r.Destination.As4(), len(message)), message)) == 0
	if e.ChecksumAsV2 {
		r.OtherChecksum = pseudo && !plain
	} else {
		r.OtherChecksum = plain && !pseudo
	}
	return plain || pseudo
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
	list := message[headerLen : headerLen+4*count]
	for _, a := range e.Addresses {
		if !contains(list, a.As4()) {
			r.missing = a
			return r, AddressList
		}
	}
	return r, OK
}

func contains(list []byte, address [4]byte) bool {
	for ; len(list) >= 4; list = list[4:] {
		if [4]byte(list) == address {
			return true
		}
	}
	return false
}

// Explain is upstream's log line for a reason, without the instance's name.
func (r Received) Explain(reason Reason) string {
	switch reason {
	case NotVRRP:
		if !r.Source.IsValid() {
			return "not a whole VRRP packet over IPv4"
		}
		return fmt.Sprintf("not a whole VRRP packet over IPv4 from %s", r.Source)
	case AuthHeader:
		return fmt.Sprintf("Received AH header but auth type not AH from %s", r.Source)
	case Length:
		word := "short"
		if r.got > r.want {
			word = "long"
		}
		return fmt.Sprintf("vrrp packet from %s too %s, length %d and expect %d", r.Source, word, r.got, r.want)
	case TTLRange:
		return fmt.Sprintf("invalid TTL/HL from %s. Received %d and expect %d", r.Source, r.got, r.want)
	case Version:
		return fmt.Sprintf("wrong VRRP version from %s. Received %d and expect %d", r.Source, r.got, r.want)
	case AuthTypeUnknown:
		return fmt.Sprintf("Invalid auth type from %s: %d", r.Source, r.got)
	case AuthTypeOther:
		return fmt.Sprintf("received a %d auth from %s, expecting %d!", r.got, r.Source, r.want)
	case AuthFailure:
		return fmt.Sprintf("received an invalid passwd from %s!", r.Source)
	case Interval:
		return fmt.Sprintf("advertisement interval mismatch with %s mine=%d sec rcv'd=%d sec", r.Source, r.want, r.got)
	case Type:
		return fmt.Sprintf("Invalid packet type from %s. %d and expect %d", r.Source, r.got, r.want)
	case TotalLength:
		return fmt.Sprintf("ip_tot_len mismatch against received length from %s. %d and received %d", r.Source, r.got, r.want)
	case Checksum:
		return fmt.Sprintf("Invalid VRRPv%d checksum from %s", r.version, r.Source)
	case Unicast:
		return fmt.Sprintf("Expected multicast packet but received unicast packet from %s", r.Source)
	case Group:
		return fmt.Sprintf("Expected packet to %s but received packet to %s from %s", r.group, r.Destination, r.Source)
	case AddressCount:
		return fmt.Sprintf("expected %d VIPs but received %d", r.want, r.got)
	case AddressList:
		return fmt.Sprintf("ip address associated with VRID %d not present in advert from %s: %s", r.VRID, r.Source, r.missing)
	}
	return fmt.Sprintf("packet from %s: %s", r.Source, reason)
}

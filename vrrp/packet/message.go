package packet

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// Numbers of the protocol (RFC 3768 section 5, RFC 9568 section 5).
const (
	// Protocol is the IP protocol number.
	Protocol = 112
	// ProtocolAH is the one of the authentication header, which auth_type AH has before the message (RFC 2402).
	ProtocolAH = 51
	// TTL is what the time to live, or the hop limit, of a multicast advert must be.
	TTL = 255

	typeAdvertisement = 1
	headerLen         = 8
	checksumOffset    = 6
	authLen           = 8
	maxIntervalUnits  = 0xfff
	centisecond       = 10 * time.Millisecond
)

// Numbers of the IP headers.
const (
	ipv4HeaderLen = 20
	ipv6HeaderLen = 40
	typeOfService = 0xc0 // internetwork control; the traffic class of IPv6 as well
)

// The authentication types of version 2 (RFC 2338 section 5.3.6).
const (
	AuthNone = 0
	AuthPass = 1
	AuthAH   = 2
)

// Message is one advertisement without its IP header.
type Message struct {
	Version   int // 2 or 3
	VRID      uint8
	Priority  uint8
	AuthType  uint8         // version 2
	AuthData  [authLen]byte // version 2; zero padded
	Interval  time.Duration // whole seconds in version 2 (1 to 255), hundredths in version 3 (0.01 s to 40.95 s)
	Addresses []netip.Addr  // at most 255, in the order of the configuration
	// ChecksumAsV2 leaves the pseudo-header out of the checksum of version 3 (v3_checksum_as_v2).
	ChecksumAsV2 bool
	// ChecksumGroup, when valid, stands in the pseudo-header of version 3 over IPv4 in place of the destination
	// (old_unicast_checksum).
	ChecksumGroup netip.Addr
	// AH, when not nil, puts an authentication header before the message (auth_type AH; version 2 over IPv4). AuthType
	// is AuthAH then, and AuthData is zero.
	AH *AH
	// HMAC, when not nil, puts a trailer after the message if its mode says so (auth_hmac).
	HMAC *HMAC
}

// VRID tells which virtual router a datagram is for, before it is checked. It is false when the datagram is too short
// to tell, or is not VRRP.
func VRID(datagram []byte) (uint8, bool) {
	h, ok := parseHeader(datagram)
	if !ok {
		return 0, false
	}
	message := datagram[h.length:]
	switch {
	case h.protocol == ProtocolAH && !h.v6 && isVRRP(message):
		message = message[ahLen:]
	case h.protocol != Protocol:
		return 0, false
	}
	if len(message) < headerLen {
		return 0, false
	}
	return message[1], true
}

// Source is the address that a datagram comes from, invalid when it has no whole header.
func Source(datagram []byte) netip.Addr {
	h, ok := parseHeader(datagram)
	if !ok {
		return netip.Addr{}
	}
	return h.source
}

// header is what the header of an IP datagram says.
type header struct {
	v6                  bool
	length              int // of the header itself
	total               int // of the datagram, as the header has it
	protocol, hopLimit  uint8
	source, destination netip.Addr
}

// parseHeader reads the header of a datagram of either family. Extension headers of IPv6 are not looked through: the
// kernel takes them off.
func parseHeader(b []byte) (header, bool) {
	if len(b) >= ipv6HeaderLen && b[0]>>4 == 6 {
		return header{
			v6: true, length: ipv6HeaderLen, total: ipv6HeaderLen + int(binary.BigEndian.Uint16(b[4:])), protocol: b[6], hopLimit: b[7],
			source: netip.AddrFrom16([16]byte(b[8:24])), destination: netip.AddrFrom16([16]byte(b[24:40])),
		}, true
	}
	if len(b) < ipv4HeaderLen || b[0]>>4 != 4 {
		return header{}, false
	}
	h := header{
		length: int(b[0]&0xf) * 4, total: int(binary.BigEndian.Uint16(b[2:])), protocol: b[9], hopLimit: b[8],
		source: netip.AddrFrom4([4]byte(b[12:16])), destination: netip.AddrFrom4([4]byte(b[16:20])),
	}
	return h, h.length >= ipv4HeaderLen && len(b) >= h.length
}

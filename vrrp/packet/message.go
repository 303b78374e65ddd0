package packet

import (
	"net/netip"
	"time"
)

// Numbers of the protocol (RFC 3768 section 5, RFC 9568 section 5).
const (
	// Protocol is the IP protocol number.
	Protocol = 112
	// TTL is what the time to live of a multicast advert must be.
	TTL = 255

	typeAdvertisement = 1
	headerLen         = 8
	checksumOffset    = 6
	authLen           = 8
	maxIntervalUnits  = 0xfff
	centisecond       = 10 * time.Millisecond
)

// Numbers of the IPv4 header.
const (
	ipv4HeaderLen = 20
	typeOfService = 0xc0 // internetwork control
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
}

// VRID tells which virtual router a datagram is for, before it is checked. It is false when the datagram is too short
// to tell, or is not VRRP over IPv4.
func VRID(datagram []byte) (uint8, bool) {
	header, ok := headerLength(datagram)
	if !ok || datagram[9] != Protocol || len(datagram) < header+headerLen {
		return 0, false
	}
	return datagram[header+1], true
}

// headerLength is the length of the IPv4 header of a datagram that holds one.
func headerLength(datagram []byte) (int, bool) {
	if len(datagram) < ipv4HeaderLen || datagram[0]>>4 != 4 {
		return 0, false
	}
	n := int(datagram[0]&0xf) * 4
	return n, n >= ipv4HeaderLen && len(datagram) >= n
}

package packet

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// AppendIPv4 appends the whole IPv4 datagram that carries m to b and returns it. Nothing is allocated when b has room.
// The header is upstream's: TOS 0xc0, no Don't Fragment, protocol 112. src, dst and the addresses of m are IPv4.
func AppendIPv4(b []byte, m *Message, src, dst netip.Addr, id uint16, ttl uint8) []byte {
	start := len(b)
	total, protocol := m.Length(false), byte(Protocol)
	if m.AH != nil {
		protocol = ProtocolAH
	}
	source, destination := src.As4(), dst.As4()
	b = append(b, 0x45, typeOfService, byte(total>>8), byte(total), byte(id>>8), byte(id), 0, 0, ttl, protocol, 0, 0)
	b = append(b, source[:]...)
	b = append(b, destination[:]...)
	binary.BigEndian.PutUint16(b[start+10:], finish(sum(0, b[start:start+ipv4HeaderLen])))
	if m.AH != nil {
		b = m.AH.appendHeader(b, source)
	}
	head := len(b)
	b = m.appendBody(b)
	message := b[head:]
	acc := uint32(0)
	if m.Version == 3 && !m.ChecksumAsV2 {
		if m.ChecksumGroup.IsValid() {
			destination = m.ChecksumGroup.As4()
		}
		acc = pseudoIPv4(source, destination, len(message))
	}
	binary.BigEndian.PutUint16(message[checksumOffset:], finish(sum(acc, message)))
	if m.signed() {
		b = m.HMAC.appendTrailer(b, message, src)
	}
	if m.AH != nil {
		m.AH.sign(b[start:], !dst.IsMulticast())
	}
	return b
}

// AppendIPv6 appends the whole IPv6 datagram that carries m to b and returns it. Nothing is allocated when b has room.
// The header is upstream's: traffic class 0xc0, no flow label. The checksum is that over the pseudo-header of RFC 8200
// section 8.1, and counts the trailer of auth_hmac in, as the kernel does for upstream. src, dst and the addresses of m
// are IPv6.
func AppendIPv6(b []byte, m *Message, src, dst netip.Addr, hopLimit uint8) []byte {
	start := len(b)
	length := m.Length(true)
	source, destination := src.As16(), dst.As16()
	b = append(b, 6<<4|typeOfService>>4, typeOfService&0xf<<4, 0, 0, byte(length>>8), byte(length), Protocol, hopLimit)
	b = append(b, source[:]...)
	b = append(b, destination[:]...)
	b = m.appendBody(b)
	if m.signed() {
		b = m.HMAC.appendTrailer(b, b[start+ipv6HeaderLen:], src)
	}
	message := b[start+ipv6HeaderLen:]
	binary.BigEndian.PutUint16(message[checksumOffset:], finish(sum(pseudoIPv6(source, destination, len(message)), message)))
	return b
}

// Length is the size of what a raw socket receives, in octets: the whole datagram of IPv4, of IPv6 the message alone.
func (m *Message) Length(ipv6 bool) int {
	n := m.length()
	if m.signed() {
		n += trailerLen
	}
	if ipv6 {
		return n
	}
	if m.AH != nil {
		n += ahLen
	}
	return ipv4HeaderLen + n
}

// signed tells whether there is a trailer.
func (m *Message) signed() bool { return m.HMAC != nil && m.HMAC.Signs() }

// length is the size of the VRRP message in octets.
func (m *Message) length() int {
	n := headerLen
	for _, a := range m.Addresses {
		n += addressLen(a)
	}
	if m.Version == 2 {
		n += authLen
	}
	return n
}

// appendBody appends the VRRP message with a checksum of zero.
func (m *Message) appendBody(b []byte) []byte {
	b = append(b, byte(m.Version)<<4|typeAdvertisement, m.VRID, m.Priority, byte(len(m.Addresses)))
	if m.Version == 2 {
		b = append(b, m.AuthType, byte(m.Interval/time.Second), 0, 0)
	} else {
		units := uint16(m.Interval/centisecond) & maxIntervalUnits
		b = append(b, byte(units>>8), byte(units), 0, 0)
	}
	for _, a := range m.Addresses {
		if a.Is4() || a.Is4In6() {
			four := a.As4()
			b = append(b, four[:]...)
		} else {
			sixteen := a.As16()
			b = append(b, sixteen[:]...)
		}
	}
	if m.Version == 2 {
		b = append(b, m.AuthData[:]...)
	}
	return b
}

func addressLen(a netip.Addr) int {
	if a.Is4() || a.Is4In6() {
		return 4
	}
	return 16
}

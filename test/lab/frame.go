package lab

import (
	"encoding/binary"
	"net"
	"net/netip"
	"time"
)

// Frame is an Ethernet frame that a host sent into the switch.
type Frame struct {
	// Time is the kernel's, when the switch received it.
	Time time.Time
	// From is the name of the host.
	From string
	// Data is the frame from the destination address on.
	Data []byte
}

const (
	ethernetLength = 14
	protocolVRRP   = 112
	protocolAH     = 51
	etherTypeIPv4  = 0x0800
	etherTypeARP   = 0x0806
	etherTypeIPv6  = 0x86dd
	ipv6Length     = 40
	protocolICMPv6 = 58

	neighbourAdvertisement = 136
)

// Advert is what a VRRP advertisement says.
type Advert struct {
	Version, VRID, Priority uint8
	Source, Destination     netip.Addr
	Addresses               []netip.Addr
	// Packet is the VRRP packet itself, IP the header before it, and AH the authentication header between them.
	Packet, IP, AH []byte
}

// Advert decodes a VRRP advertisement of either family.
func (f Frame) Advert() (Advert, bool) {
	if ip, ok := f.ipv6(protocolVRRP); ok && len(ip) >= ipv6Length+8 {
		a := Advert{IP: ip[:ipv6Length], Packet: ip[ipv6Length:]}
		a.Source, _ = netip.AddrFromSlice(ip[8:24])
		a.Destination, _ = netip.AddrFromSlice(ip[24:40])
		return a.read(16), true
	}
	if len(f.Data) < ethernetLength+20 || binary.BigEndian.Uint16(f.Data[12:]) != etherTypeIPv4 {
		return Advert{}, false
	}
	ip := f.Data[ethernetLength:]
	header, total := int(ip[0]&0xf)*4, int(binary.BigEndian.Uint16(ip[2:]))
	if ip[9] != protocolVRRP && ip[9] != protocolAH || total > len(ip) || header+8 > total {
		return Advert{}, false
	}
	a := Advert{IP: ip[:header], Packet: ip[header:total]}
	if ip[9] == protocolAH {
		length := 4 * (int(a.Packet[1]) + 2)
		if a.Packet[0] != protocolVRRP || length+8 > len(a.Packet) {
			return Advert{}, false
		}
		a.AH, a.Packet = a.Packet[:length], a.Packet[length:]
	}
	a.Source, _ = netip.AddrFromSlice(ip[12:16])
	a.Destination, _ = netip.AddrFromSlice(ip[16:20])
	return a.read(4), true
}

// read takes what the packet says, whose addresses have a size.
func (a Advert) read(size int) Advert {
	p := a.Packet
	a.Version, a.VRID, a.Priority = p[0]>>4, p[1], p[2]
	for i := range int(p[3]) {
		if end := 8 + size*i + size; end <= len(p) {
			address, _ := netip.AddrFromSlice(p[end-size : end])
			a.Addresses = append(a.Addresses, address)
		}
	}
	return a
}

// ipv6 is the IPv6 packet in the frame, without padding, where it has the protocol.
func (f Frame) ipv6(protocol byte) ([]byte, bool) {
	if len(f.Data) < ethernetLength+ipv6Length || binary.BigEndian.Uint16(f.Data[12:]) != etherTypeIPv6 {
		return nil, false
	}
	ip := f.Data[ethernetLength:]
	total := ipv6Length + int(binary.BigEndian.Uint16(ip[4:]))
	if ip[6] != protocol || total > len(ip) {
		return nil, false
	}
	return ip[:total], true
}

// Neighbour is what a neighbour advertisement says (RFC 4861, section 4.4).
type Neighbour struct {
	Source, Destination, Target netip.Addr
	MAC                         net.HardwareAddr // of the target, nil where it is not told
	Router, Solicited, Override bool
}

// Neighbour decodes a neighbour advertisement.
func (f Frame) Neighbour() (Neighbour, bool) {
	ip, ok := f.ipv6(protocolICMPv6)
	if !ok || len(ip) < ipv6Length+24 || ip[ipv6Length] != neighbourAdvertisement {
		return Neighbour{}, false
	}
	message := ip[ipv6Length:]
	flags := message[4]
	a := Neighbour{Router: flags&0x80 != 0, Solicited: flags&0x40 != 0, Override: flags&0x20 != 0}
	a.Source, _ = netip.AddrFromSlice(ip[8:24])
	a.Destination, _ = netip.AddrFromSlice(ip[24:40])
	a.Target, _ = netip.AddrFromSlice(message[8:24])
	if option := message[24:]; len(option) >= 8 && option[0] == 2 {
		a.MAC = net.HardwareAddr(option[2:8])
	}
	return a, true
}

// ARP is what an ARP frame says.
type ARP struct {
	Operation              uint16
	SenderMAC, TargetMAC   net.HardwareAddr
	SenderAddr, TargetAddr netip.Addr
}

// ARP decodes an ARP frame for IPv4 on Ethernet.
func (f Frame) ARP() (ARP, bool) {
	if len(f.Data) < ethernetLength+28 || binary.BigEndian.Uint16(f.Data[12:]) != etherTypeARP {
		return ARP{}, false
	}
	p := f.Data[ethernetLength:]
	a := ARP{Operation: binary.BigEndian.Uint16(p[6:]), SenderMAC: p[8:14], TargetMAC: p[18:24]}
	a.SenderAddr, _ = netip.AddrFromSlice(p[14:18])
	a.TargetAddr, _ = netip.AddrFromSlice(p[24:28])
	return a, true
}

// Gratuitous says whether the frame announces the sender's own address.
func (a ARP) Gratuitous() bool { return a.SenderAddr == a.TargetAddr }

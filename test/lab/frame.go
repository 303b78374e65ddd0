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
	etherTypeIPv4  = 0x0800
	etherTypeARP   = 0x0806
)

// Advert is what a VRRP advertisement says.
type Advert struct {
	Version, VRID, Priority uint8
	Source                  netip.Addr
	Addresses               []netip.Addr
	// Packet is the VRRP packet itself, IP the IPv4 header before it.
	Packet, IP []byte
}

// Advert decodes an IPv4 VRRP advertisement.
func (f Frame) Advert() (Advert, bool) {
	if len(f.Data) < ethernetLength+20 || binary.BigEndian.Uint16(f.Data[12:]) != etherTypeIPv4 {
		return Advert{}, false
	}
	ip := f.Data[ethernetLength:]
	header, total := int(ip[0]&0xf)*4, int(binary.BigEndian.Uint16(ip[2:]))
	if ip[9] != protocolVRRP || total > len(ip) || header+8 > total {
		return Advert{}, false
	}
	a := Advert{IP: ip[:header], Packet: ip[header:total]}
	p := a.Packet
	a.Version, a.VRID, a.Priority = p[0]>>4, p[1], p[2]
	a.Source, _ = netip.AddrFromSlice(ip[12:16])
	for i := range int(p[3]) {
		if end := 8 + 4*i + 4; end <= len(p) {
			address, _ := netip.AddrFromSlice(p[end-4 : end])
			a.Addresses = append(a.Addresses, address)
		}
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

package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"
)

// SendIP sends one IPv4 datagram of a protocol from the host's address. The
// destination may be a multicast group; ttl is its time to live.
func (h *Host) SendIP(protocol int, to netip.Addr, ttl int, payload []byte) error {
	err := h.insideNet(func() error {
		from := &net.IPAddr{IP: h.Address.Addr().AsSlice()}
		conn, err := net.DialIP(fmt.Sprintf("ip4:%d", protocol), from, &net.IPAddr{IP: to.AsSlice()})
		if err != nil {
			return err
		}
		p := ipv4.NewPacketConn(conn)
		err = errors.Join(p.SetTTL(ttl), p.SetMulticastTTL(ttl))
		if err == nil {
			_, err = conn.Write(payload)
		}
		return errors.Join(err, conn.Close())
	})
	if err != nil {
		return fmt.Errorf("sending protocol %d from %s: %w", protocol, h.Name, err)
	}
	return nil
}

package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
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

// SendFrame sends a whole Ethernet frame out of eth0, whoever it says that it is from.
func (h *Host) SendFrame(data []byte) error {
	err := h.insideNet(func() error {
		link, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		err = unix.Sendto(fd, data, 0, &unix.SockaddrLinklayer{Ifindex: link.Index})
		return errors.Join(err, unix.Close(fd))
	})
	if err != nil {
		return fmt.Errorf("sending a frame from %s: %w", h.Name, err)
	}
	return nil
}

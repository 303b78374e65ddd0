package lab

import "net"

// ListenPacket opens a socket for datagrams on the host.
func (h *Host) ListenPacket(network, address string) (net.PacketConn, error) {
	var conn net.PacketConn
	err := h.insideNet(func() (err error) {
		conn, err = net.ListenPacket(network, address)
		return err
	})
	return conn, err
}

package daemon

import (
	"net"

	"keepalived-go/netif"
)

// runCleanup takes the addresses off that its parent names, and ends.
func runCleanup(o Options, conn *net.UnixConn) int {
	log := newLog(o, roleCleanup)
	defer log.Close()
	m, err := receiveMessage(conn, make([]byte, maxPacket))
	if err != nil || m.Kind != kindStart || len(m.files) < 2 {
		log.Errorf("waiting for what to clean up: %v", err)
		return exitFatal
	}
	defer closeFiles(m.files)
	states, err := loadStates(m.files[1])
	if err != nil {
		log.Errorf("loading what to clean up: %v", err)
		return exitFatal
	}
	kernel, err := netif.Open()
	if err != nil {
		log.Error(err)
		return exitFatal
	}
	defer func() { _ = kernel.Close() }()
	code := exitOK
	for _, s := range states {
		log.Infof("(%s) removing the VIPs that a dead process has left", s.Name)
		for _, a := range s.Addresses {
			if err := kernel.DeleteAddress(a); err != nil {
				log.Errorf("(%s) removing address: %v", s.Name, err)
				code = exitFatal
			}
		}
	}
	return code
}

package netif

import "fmt"

// PromoteSecondaries sets whether the kernel keeps the secondary addresses of an interface when the first one of their
// network goes (net.ipv4.conf.IF.promote_secondaries), and tells how that was before. The error wraps ENODEV when the
// interface does not exist, and EPERM without CAP_NET_ADMIN.
func (h *Handle) PromoteSecondaries(dev string, on bool) (was bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d, err := h.conn.link(dev)
	if err == nil && d.promote != on {
		value := uint32(0)
		if on {
			value = 1
		}
		err = h.conn.configure(d.Index, []setting{{confPromoteSecondaries, value}})
	}
	if err != nil {
		return d.promote, fmt.Errorf("promote_secondaries of %s: %w", dev, err)
	}
	return d.promote, nil
}

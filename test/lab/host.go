package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Host is one machine on the network.
type Host struct {
	*namespaces
	// Name is the host's name, also by which its frames are known.
	Name string
	// Address is the address of eth0 with the length of its network.
	Address netip.Prefix
	// Addresses are the changes of addresses on eth0.
	Addresses Record[AddressChange]
	// Web is the web server that Serve has started last.
	Web *Process

	lab  *Lab
	port netlink.Link
	done chan struct{}
}

// AddressChange is an address that came or went on eth0, with the time at
// which it was noticed.
type AddressChange struct {
	Time    time.Time
	Address netip.Addr
	Present bool
}

// plugIn connects the host to the switch and gives eth0 its address.
func (h *Host) plugIn() error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = fmt.Sprintf("port%d", len(h.lab.hosts))
	pair := &netlink.Veth{LinkAttrs: attrs, PeerName: "eth0", PeerNamespace: netlink.NsFd(h.net)}
	sw := h.lab.lan.handle
	if err := sw.LinkAdd(pair); err != nil {
		return fmt.Errorf("adding the cable: %w", err)
	}
	port, err := sw.LinkByName(attrs.Name)
	if err != nil {
		return err
	}
	h.port = port
	h.lab.ports.set(port.Attrs().Index, h.Name)
	if err := errors.Join(sw.LinkSetMaster(port, h.lab.bridge), sw.LinkSetUp(port)); err != nil {
		return fmt.Errorf("plugging the cable in: %w", err)
	}
	if err := h.watchAddresses(); err != nil {
		return err
	}
	eth0, err := h.handle.LinkByName("eth0")
	if err != nil {
		return err
	}
	if err := h.handle.LinkSetUp(eth0); err != nil {
		return err
	}
	return h.AddAddress(h.Address)
}

// AddAddress puts an address on eth0.
func (h *Host) AddAddress(address netip.Prefix) error {
	return h.changeAddress(address, h.handle.AddrAdd)
}

// RemoveAddress takes an address off eth0.
func (h *Host) RemoveAddress(address netip.Prefix) error {
	return h.changeAddress(address, h.handle.AddrDel)
}

func (h *Host) changeAddress(address netip.Prefix, change func(netlink.Link, *netlink.Addr) error) error {
	eth0, err := h.handle.LinkByName("eth0")
	if err != nil {
		return err
	}
	ip := &net.IPNet{IP: address.Addr().AsSlice(), Mask: net.CIDRMask(address.Bits(), address.Addr().BitLen())}
	one := &netlink.Addr{IPNet: ip}
	if address.Addr().Is6() {
		one.Flags = unix.IFA_F_NODAD // it can be used at once
	}
	if err := change(eth0, one); err != nil {
		return fmt.Errorf("changing %s on %s: %w", address, h.Name, err)
	}
	return nil
}

// AddInterface adds one more interface, up and with a carrier, that leads to
// another one of the same host and so nowhere.
func (h *Host) AddInterface(name string) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	pair := &netlink.Veth{LinkAttrs: attrs, PeerName: name + "x"}
	if err := h.handle.LinkAdd(pair); err != nil {
		return fmt.Errorf("adding %s: %w", name, err)
	}
	for _, end := range []string{name, pair.PeerName} {
		link, err := h.handle.LinkByName(end)
		if err != nil {
			return err
		}
		if err := h.handle.LinkSetUp(link); err != nil {
			return err
		}
	}
	return nil
}

// watchAddresses follows the kernel's reports, so that an address that goes
// and comes back between two looks is seen.
func (h *Host) watchAddresses() error {
	updates := make(chan netlink.AddrUpdate, 1024)
	options := netlink.AddrSubscribeOptions{Namespace: &h.net, ErrorCallback: func(error) {}}
	if err := netlink.AddrSubscribeWithOptions(updates, h.done, options); err != nil {
		return fmt.Errorf("watching addresses: %w", err)
	}
	go func() {
		for u := range updates {
			address, ok := netip.AddrFromSlice(u.LinkAddress.IP)
			if ok {
				h.Addresses.Add(AddressChange{Time: time.Now().Round(0), Address: address.Unmap(), Present: u.NewAddr})
			}
		}
	}()
	return nil
}

// Holds says whether eth0 has the address now, asking the kernel.
func (h *Host) Holds(address netip.Addr) (bool, error) {
	list := h.List
	if address.Is6() {
		list = h.List6
	}
	all, err := list()
	if err != nil {
		return false, err
	}
	for _, p := range all {
		if p.Addr() == address {
			return true, nil
		}
	}
	return false, nil
}

// List returns the IPv4 addresses of every interface, in the kernel's order.
func (h *Host) List() ([]netip.Prefix, error) { return h.list(netlink.FAMILY_V4) }

// List6 returns the IPv6 addresses of every interface, in the kernel's order.
func (h *Host) List6() ([]netip.Prefix, error) { return h.list(netlink.FAMILY_V6) }

func (h *Host) list(family int) ([]netip.Prefix, error) {
	found, err := h.handle.AddrList(nil, family)
	if err != nil {
		return nil, fmt.Errorf("listing addresses of %s: %w", h.Name, err)
	}
	var all []netip.Prefix
	for _, a := range found {
		if address, ok := netip.AddrFromSlice(a.IP); ok {
			ones, _ := a.Mask.Size()
			all = append(all, netip.PrefixFrom(address.Unmap(), ones))
		}
	}
	return all, nil
}

// HardwareAddress is the link-layer address of eth0.
func (h *Host) HardwareAddress() (net.HardwareAddr, error) {
	eth0, err := h.handle.LinkByName("eth0")
	if err != nil {
		return nil, err
	}
	return eth0.Attrs().HardwareAddr, nil
}

// Neighbour is the link-layer address that the host's neighbour table has for
// an address, nil where it has none.
func (h *Host) Neighbour(address netip.Addr) (net.HardwareAddr, error) {
	eth0, err := h.handle.LinkByName("eth0")
	if err != nil {
		return nil, err
	}
	family := netlink.FAMILY_V4
	if address.Is6() {
		family = netlink.FAMILY_V6
	}
	table, err := h.handle.NeighList(eth0.Attrs().Index, family)
	if err != nil {
		return nil, fmt.Errorf("reading the neighbours of %s: %w", h.Name, err)
	}
	for _, entry := range table {
		if entry.IP.Equal(address.AsSlice()) && len(entry.HardwareAddr) > 0 {
			return entry.HardwareAddr, nil
		}
	}
	return nil, nil
}

// Cut unplugs the host's cable: eth0 loses its carrier.
func (h *Host) Cut() error { return h.lab.lan.handle.LinkSetDown(h.port) }

// Mend plugs the cable in again.
func (h *Host) Mend() error { return h.lab.lan.handle.LinkSetUp(h.port) }

// Isolate makes the switch drop what the host sends and receives. The host
// keeps its carrier and notices nothing.
func (h *Host) Isolate() error { return h.lab.lan.handle.LinkSetNoMaster(h.port) }

// Rejoin ends Isolate.
func (h *Host) Rejoin() error { return h.lab.lan.handle.LinkSetMaster(h.port, h.lab.bridge) }

// LinkDown and LinkUp set eth0 down and up as an operator on the host would.
func (h *Host) LinkDown() error { return h.setEth0(h.handle.LinkSetDown) }

// LinkUp ends LinkDown.
func (h *Host) LinkUp() error { return h.setEth0(h.handle.LinkSetUp) }

func (h *Host) setEth0(set func(netlink.Link) error) error {
	eth0, err := h.handle.LinkByName("eth0")
	if err != nil {
		return err
	}
	return set(eth0)
}

// Dial connects from the host. The address must be numeric.
func (h *Host) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	var conn net.Conn
	err := h.insideNet(func() (err error) {
		var dialer net.Dialer
		conn, err = dialer.DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Listen opens a listener on the host.
func (h *Host) Listen(network, address string) (net.Listener, error) {
	var listener net.Listener
	err := h.insideNet(func() (err error) {
		listener, err = net.Listen(network, address)
		return err
	})
	return listener, err
}

// Path is a file of the host as this process reaches it. The argument is an
// absolute path inside the host.
func (h *Host) Path(inside string) string {
	return filepath.Join(fmt.Sprintf("/proc/%d/root", h.keeper.Process.Pid), inside)
}

// Write puts a file into the host's Dir and returns its path inside. Whoever
// reads meanwhile sees the old content or the new one, never a part.
func (h *Host) Write(name, content string, mode os.FileMode) (string, error) {
	inside := filepath.Join(Dir, name)
	part := h.Path(inside) + ".part"
	if err := os.WriteFile(part, []byte(content), mode); err != nil {
		return "", err
	}
	// The umask of the caller must not take the mode away.
	if err := os.Chmod(part, mode); err != nil {
		return "", err
	}
	return inside, os.Rename(part, h.Path(inside))
}

// Read returns the content of a file of the host, empty where there is none.
func (h *Host) Read(inside string) (string, error) {
	content, err := os.ReadFile(h.Path(inside))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return string(content), err
}

func (h *Host) close() {
	close(h.done)
	h.namespaces.close()
}

package lab

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
)

const bridgeName = "lan"

// Lab is one network: a switch and the hosts that are plugged into it.
type Lab struct {
	// Frames are the VRRP and ARP frames and the neighbour advertisements that
	// hosts sent into the switch.
	Frames Record[Frame]

	lan     *namespaces
	bridge  netlink.Link
	hosts   []*Host
	ports   portNames
	capture *capture
}

// New sets up an empty network. Close must be called in the end; where it is
// not, the kernel cleans up when the process ends.
func New() (*Lab, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("setting up a network needs root: run it as root")
	}
	if err := resetSignals(); err != nil {
		return nil, err
	}
	lan, err := newNamespaces("switch")
	if err != nil {
		return nil, fmt.Errorf("setting up the switch (network namespaces are needed): %w", err)
	}
	l := &Lab{lan: lan}
	if err := l.addBridge(); err != nil {
		l.Close()
		return nil, err
	}
	if l.capture, err = l.startCapture(); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func (l *Lab) addBridge() error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = bridgeName
	snooping := false
	if err := l.lan.handle.LinkAdd(&netlink.Bridge{LinkAttrs: attrs, MulticastSnooping: &snooping}); err != nil {
		return fmt.Errorf("adding the bridge: %w", err)
	}
	bridge, err := l.lan.handle.LinkByName(bridgeName)
	if err != nil {
		return fmt.Errorf("looking up the bridge: %w", err)
	}
	l.bridge = bridge
	return l.lan.handle.LinkSetUp(bridge)
}

// Close ends every process of the network and takes everything away.
func (l *Lab) Close() {
	for _, host := range l.hosts {
		host.close()
	}
	if l.capture != nil {
		l.capture.stop()
	}
	l.lan.close()
}

// AddHost adds a host whose eth0 has the address given.
func (l *Lab) AddHost(name string, address netip.Prefix) (*Host, error) {
	ns, err := newNamespaces(name)
	if err != nil {
		return nil, fmt.Errorf("adding host %s: %w", name, err)
	}
	host := &Host{Name: name, Address: address, namespaces: ns, lab: l, done: make(chan struct{})}
	l.hosts = append(l.hosts, host)
	if err := host.plugIn(); err != nil {
		return nil, fmt.Errorf("adding host %s: %w", name, err)
	}
	return host, nil
}

// Hosts are the hosts in the order in which they were added.
func (l *Lab) Hosts() []*Host { return l.hosts }

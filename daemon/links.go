package daemon

import (
	"fmt"
	"sync"

	"keepalived-go/config"
	"keepalived-go/netif"
)

// kernelLinks watches the interfaces of this network namespace.
type kernelLinks struct {
	failed func(error)

	mu       sync.Mutex
	monitor  *netif.Monitor // nil: nobody watches
	poller   *netif.Poller
	beats    map[string]netif.Beat
	changes  config.SocketBuffer
	requests config.SocketBuffer
	set      bool // they were set before
}

// Watch begins to watch, with the buffers that are wanted.
func (k *kernelLinks) Watch(report func(netif.State, error)) (func(), error) {
	p := netif.NewPoller(report, k.found)
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := p.Poll(k.beats); err != nil {
		return nil, err
	}
	m, err := netif.Watch(p.Take)
	if err != nil {
		_ = p.Close()
		return nil, err
	}
	k.monitor, k.poller = m, p
	k.setBuffers()
	return k.stop, nil
}

func (k *kernelLinks) stop() {
	k.mu.Lock()
	m, p := k.monitor, k.poller
	k.monitor, k.poller = nil, nil
	k.mu.Unlock()
	_, _ = p.Close(), m.Close() // the process is about to end; nothing could be done about an error
}

// use takes over the sizes of a configuration.
func (k *kernelLinks) use(changes, requests config.SocketBuffer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.changes == changes && k.requests == requests {
		return
	}
	k.changes, k.requests = changes, requests
	k.setBuffers()
}

// setBuffers sets the sizes, as soon as there are sockets. The caller has the lock.
func (k *kernelLinks) setBuffers() {
	if k.monitor == nil || k.changes == (config.SocketBuffer{}) && k.requests == (config.SocketBuffer{}) && !k.set {
		return
	}
	k.set = true
	if err := k.monitor.SetBuffers(kernelBuffer(k.changes), kernelBuffer(k.requests)); err != nil {
		k.failed(err)
	}
}

func kernelBuffer(b config.SocketBuffer) netif.Buffer {
	return netif.Buffer{Bytes: b.Size, Force: b.Force}
}

// poll takes over the interfaces whose driver is asked for the link.
func (k *kernelLinks) poll(beats map[string]netif.Beat) {
	k.mu.Lock()
	k.beats = beats
	p := k.poller
	k.mu.Unlock()
	if p == nil {
		return
	}
	if err := p.Poll(beats); err != nil {
		k.failed(err)
	}
}

var beatWords = map[string]netif.Beat{"": netif.AnyBeat, "MII": netif.MIIBeat, "ETHTOOL": netif.EthtoolBeat, "IOCTL": netif.FlagsBeat}

// beatsOf are the interfaces of linkbeat_interfaces, and with linkbeat_use_polling all others that instances use.
func beatsOf(cfg config.Config) map[string]netif.Beat {
	beats := map[string]netif.Beat{}
	if cfg.Global.LinkbeatUsePolling {
		for i := range cfg.Instances {
			in := &cfg.Instances[i]
			beats[in.Interface] = netif.AnyBeat
			for _, t := range in.TrackInterfaces {
				beats[t.Name] = netif.AnyBeat
			}
		}
		for i := range cfg.SyncGroups {
			for _, t := range cfg.SyncGroups[i].TrackInterfaces {
				beats[t.Name] = netif.AnyBeat
			}
		}
		delete(beats, "") // unicast without an interface
	}
	for _, b := range cfg.Linkbeats {
		beats[b.Interface] = beatWords[b.Method]
	}
	return beats
}

// found says that a driver does not know the way to ask that is configured.
func (k *kernelLinks) found(name string, wanted, way netif.Beat) {
	word := map[netif.Beat]string{}
	for w, b := range beatWords {
		word[b] = w
	}
	k.failed(fmt.Errorf("(%s): Configured linkbeat type %s not supported, using %s", name, word[wanted], word[way]))
}

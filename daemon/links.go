package daemon

import (
	"sync"

	"keepalived-go/config"
	"keepalived-go/netif"
)

// kernelLinks watches the interfaces of this network namespace.
type kernelLinks struct {
	failed func(error)

	mu       sync.Mutex
	monitor  *netif.Monitor // nil: nobody watches
	changes  config.SocketBuffer
	requests config.SocketBuffer
	set      bool // they were set before
}

// Watch begins to watch, with the buffers that are wanted.
func (k *kernelLinks) Watch(report func(netif.State, error)) (func(), error) {
	m, err := netif.Watch(report)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.monitor = m
	k.setBuffers()
	return k.stop, nil
}

func (k *kernelLinks) stop() {
	k.mu.Lock()
	m := k.monitor
	k.monitor = nil
	k.mu.Unlock()
	_ = m.Close() // the process is about to end; nothing could be done about an error
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

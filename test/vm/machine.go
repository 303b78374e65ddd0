package vm

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"keepalived-go/test/vm/talk"
)

// Options say what a machine is like.
type Options struct {
	// Root is the top folder of the source tree.
	Root string
	// CPUs are the processors, 2 where it is 0.
	CPUs int
	// Memory is in bytes, 1 GiB where it is 0.
	Memory int64
	// Modules are loaded at the start, the kernel loads others when they
	// are asked for. DefaultModules where it is nil.
	Modules []string
	// Writable are folders whose changes are seen outside. In all others
	// they stay in the machine.
	Writable []string
	// Console gets what the kernel says, as it says it; nil for nobody. The
	// end of it is part of errors in any case.
	Console io.Writer
}

// DefaultModules are those of ip_vs with every scheduler, and those that every
// network of package lab needs. Others, such as tunnels, come when they are asked
// for: many put an interface of their own into every network namespace.
var DefaultModules = []string{
	"ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_lc", "ip_vs_wlc", "ip_vs_fo", "ip_vs_ovf", "ip_vs_lblc", "ip_vs_lblcr",
	"ip_vs_dh", "ip_vs_sh", "ip_vs_mh", "ip_vs_sed", "ip_vs_nq", "ip_vs_ftp", "ip_vs_pe_sip",
	"veth", "bridge", "fou", "nf_conntrack", "xt_mark",
}

// Machine is a running virtual machine. It takes one command at a time.
type Machine struct {
	// Kernel is the release of its kernel.
	Kernel string
	// BootTime is how long it took from the start of Boot until commands
	// could be given.
	BootTime time.Duration

	// quitTime is how long a command has to end after its time was up: a Go
	// program writes the stacks of its goroutines meanwhile.
	quitTime time.Duration

	console *console
	qemu    *helper
	files   *helper
	stream  *os.File
	reports chan talk.Report // closed when the machine says nothing any more

	mu       sync.Mutex // held by the command that runs
	requests *gob.Encoder
}

// Boot starts a machine and waits until it takes commands. Close must be
// called in the end.
func Boot(ctx context.Context, o Options) (*Machine, error) {
	o = o.withDefaults()
	k, err := findKernel(o.Root)
	if err != nil {
		return nil, err
	}
	init, err := buildInit(o.Root)
	if err != nil {
		return nil, err
	}
	a, err := k.archive(init, talk.Setup{Modules: o.Modules, Merge: packagesDir(o.Root), Writable: o.Writable})
	if err != nil {
		return nil, err
	}
	start := time.Now()
	m, err := bootFastest(ctx, o, k, a)
	if err != nil {
		return nil, err
	}
	m.BootTime = time.Since(start)
	return m, nil
}

// bootFastest tries acceleration first where it has not failed yet.
func bootFastest(ctx context.Context, o Options, k kernel, a *archive) (*Machine, error) {
	if accelerated(o.Root) {
		limited, cancel := context.WithTimeout(ctx, accelerationTime)
		defer cancel()
		m, err := boot(limited, o, k, a, "kvm")
		// A machine that reports why it failed does run.
		if err == nil || errors.Is(err, errNotReady) || ctx.Err() != nil {
			return m, err
		}
		if err := noteUseless(o.Root, err); err != nil {
			return nil, err
		}
	}
	return boot(ctx, o, k, a, "tcg,thread=multi")
}

func (o Options) withDefaults() Options {
	if o.CPUs == 0 {
		o.CPUs = 2
	}
	if o.Memory == 0 {
		o.Memory = 1 << 30
	}
	if o.Modules == nil {
		o.Modules = DefaultModules
	}
	return o
}

func boot(ctx context.Context, o Options, k kernel, a *archive, accelerator string) (*Machine, error) {
	m := &Machine{quitTime: 10 * time.Second, console: &console{also: o.Console}, reports: make(chan talk.Report)}
	if err := m.powerOn(o, k, a, accelerator); err != nil {
		m.Close()
		return nil, err
	}
	go m.listen()
	r, err := m.next(ctx)
	switch {
	case err != nil:
		err = fmt.Errorf("booting the machine: %w", err)
	case r.Ready == nil:
		err = fmt.Errorf("%w: %s\n%s", errNotReady, r.Failed, m.console)
	default:
		m.Kernel = r.Ready.Kernel
		return m, nil
	}
	m.Close()
	return nil, err
}

func (m *Machine) powerOn(o Options, k kernel, a *archive, accelerator string) error {
	initramfs, err := a.writeFile()
	if err != nil {
		return err
	}
	defer initramfs.Close()
	var connection *os.File
	if m.files, connection, err = share(o.Root, m.console); err != nil {
		return err
	}
	defer connection.Close()
	m.qemu, m.stream, err = hardware{
		root: o.Root, kernel: k, accelerator: accelerator, cpus: o.CPUs, memory: o.Memory,
		initramfs: initramfs, files: connection, console: m.console,
	}.start()
	if err == nil {
		m.requests = gob.NewEncoder(m.stream)
	}
	return err
}

// listen passes reports on until the stream ends.
func (m *Machine) listen() {
	defer close(m.reports)
	decoder := gob.NewDecoder(m.stream)
	for {
		var r talk.Report
		if err := decoder.Decode(&r); err != nil {
			return
		}
		m.reports <- r
	}
}

// next waits for what the machine says next.
func (m *Machine) next(ctx context.Context) (talk.Report, error) {
	select {
	case r, ok := <-m.reports:
		if !ok {
			return r, m.whyEnded()
		}
		return r, nil
	case <-ctx.Done():
		return talk.Report{}, fmt.Errorf("%w: %w\n%s", ErrHang, context.Cause(ctx), m.console)
	}
}

// Why a machine or a command in it failed.
var (
	// ErrPanic says that the kernel gave up.
	ErrPanic = errors.New("the kernel of the machine panicked")
	// ErrEnded says that the machine turned itself off, or that qemu failed.
	ErrEnded = errors.New("the machine ended")
	// ErrHang says that the time was up.
	ErrHang = errors.New("the machine or its command did not come to an end in time")
	// ErrMemory says that the kernel killed processes for want of memory.
	ErrMemory = errors.New("the machine ran out of memory")
)

// errNotReady says that process 1 could not do its work.
var errNotReady = errors.New("preparing the machine")

// endTime is how long qemu may take to end after its stream did.
const endTime = 10 * time.Second

func (m *Machine) whyEnded() error {
	select {
	case <-m.qemu.ended:
	case <-time.After(endTime):
	}
	reason := ErrEnded
	if m.console.panicked() {
		reason = ErrPanic
	}
	return fmt.Errorf("%w\n%s", reason, m.console)
}

// Close turns the machine off.
func (m *Machine) Close() {
	if m.stream != nil {
		m.stream.Close()
	}
	if m.qemu != nil {
		m.qemu.kill()
		for range m.reports {
		}
	}
	if m.files != nil {
		m.files.kill()
	}
}

package track

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/netif"
)

// pollInterval is how often the list of processes is read where the kernel reports no events. The end of a process that
// counts is seen at once even then.
const pollInterval = 500 * time.Millisecond

// ProcessOptions say where processes are read. The zero value is right for a daemon.
type ProcessOptions struct {
	Buffer int  // of the socket for process events in bytes, 0: the kernel's default
	Force  bool // more than the limit of the system
	Poll   bool // never ask for events
	Proc   string
}

// Processes counts processes, from WatchProcesses until Close.
type Processes struct {
	opt     ProcessOptions
	wanted  []Process
	quorums []Quorum
	counted map[int][]int // by process, which of wanted it counts for
	missed  map[int]bool  // processes that were gone when they were to be looked at
	cmdline bool          // some of wanted need the command line

	report func(ProcessStatus)
	events chan netif.ProcessEvent
	until  chan struct{}

	mu     sync.Mutex
	closed bool
	source io.Closer // of the events, nil while there is none
}

// WatchProcesses returns how it is with each of the wanted kinds of process, and reports each that changes, from one
// goroutine, until Close.
func WatchProcesses(opt ProcessOptions, wanted []Process, report func(ProcessStatus)) (*Processes, []ProcessStatus) {
	p := newProcesses(opt, wanted, report)
	p.scan(false)
	first := make([]ProcessStatus, 0, len(wanted))
	for i := range p.wanted {
		q := NewQuorum(&p.wanted[i], p.count(i))
		p.quorums = append(p.quorums, q)
		first = append(first, q.Status())
	}
	go p.loop()
	return p, first
}

func newProcesses(opt ProcessOptions, wanted []Process, report func(ProcessStatus)) *Processes {
	if opt.Proc == "" {
		opt.Proc = "/proc"
	}
	return &Processes{
		opt: opt, wanted: slices.Clone(wanted), counted: map[int][]int{}, missed: map[int]bool{}, report: report,
		cmdline: slices.ContainsFunc(wanted, func(w Process) bool { return w.FullCommand }),
		events:  make(chan netif.ProcessEvent, 256), until: make(chan struct{}),
	}
}

// Close ends the watch. A report that is on its way may still come. The kernel has been told of the end when it
// returns: the process may end next.
func (p *Processes) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.until)
	p.closed = true
	if p.source != nil {
		_ = p.source.Close()
	}
}

func (p *Processes) loop() {
	poll := !p.listen()
	p.scan(poll) // what has changed before the kernel reported
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	if !poll {
		ticker.Stop()
	}
	delay := time.NewTimer(time.Hour)
	defer delay.Stop()
	for {
		p.judge(delay)
		select {
		case <-p.until:
			return
		case <-ticker.C:
			p.scan(true)
		case e := <-p.events:
			p.take(e, poll)
		case <-delay.C:
		}
	}
}

// listen has the kernel report events; ok is false when it does not.
func (p *Processes) listen() (ok bool) {
	if p.opt.Poll {
		return false
	}
	source, err := netif.OpenProcessEvents(p.opt.Buffer, p.opt.Force)
	if err != nil {
		return false
	}
	p.keep(source)
	go func() {
		_ = source.Read(p.post) // it fails at Close only
	}()
	return true
}

// keep leaves a source of events for Close to close.
func (p *Processes) keep(source io.Closer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = source.Close()
	}
	p.source = source
}

func (p *Processes) post(e netif.ProcessEvent) {
	select {
	case p.events <- e:
	case <-p.until:
	}
}

// take looks at what an event is about, with all that have come meanwhile.
func (p *Processes) take(e netif.ProcessEvent, poll bool) {
	for {
		switch {
		case e.Kind == netif.ProcessesLost:
			p.scan(poll)
		case e.Kind == netif.ProcessEnded:
			delete(p.counted, e.Pid)
			delete(p.missed, e.Pid)
		case p.ofInterest(e):
			p.look(e.Pid, poll)
		}
		select {
		case e = <-p.events:
		default:
			return
		}
	}
}

// ofInterest tells whether a process has to be looked at. A child is what its parent is until it executes something. A
// parent that nobody could look at says nothing: a daemon forks, and its first process ends, faster than we read.
func (p *Processes) ofInterest(e netif.ProcessEvent) bool {
	return e.Parent == 0 || p.counted[e.Parent] != nil || p.missed[e.Parent]
}

// judge counts, reports what is new, and sets the timer to when a delay ends.
func (p *Processes) judge(delay *time.Timer) {
	now, next := time.Now(), time.Hour
	for i := range p.quorums {
		q := &p.quorums[i]
		before := q.Status()
		q.Count(now, p.count(i))
		if s := q.Status(); s != before {
			p.report(s)
		}
		if at, ok := q.Deadline(); ok {
			next = min(next, max(at.Sub(now), 0))
		}
	}
	delay.Reset(next)
}

func (p *Processes) count(wanted int) (n int) {
	for _, list := range p.counted {
		if slices.Contains(list, wanted) {
			n++
		}
	}
	return n
}

// scan reads the list of processes anew.
func (p *Processes) scan(watch bool) {
	folder, err := os.Open(p.opt.Proc)
	if err != nil {
		return
	}
	names, err := folder.Readdirnames(-1)
	_ = folder.Close()
	if err != nil {
		return
	}
	there := make(map[int]bool, len(names))
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			there[pid] = true
			p.look(pid, watch)
		}
	}
	for pid := range p.counted {
		if !there[pid] {
			delete(p.counted, pid)
		}
	}
	for pid := range p.missed {
		if !there[pid] {
			delete(p.missed, pid)
		}
	}
}

// look notes what one process counts for. watch has its end reported.
func (p *Processes) look(pid int, watch bool) {
	name, cmdline, ok := p.read(pid)
	if ok {
		delete(p.missed, pid)
	} else {
		p.missed[pid] = true
	}
	var list []int
	for i := range p.wanted {
		if ok && p.wanted[i].Counts(name, cmdline) {
			list = append(list, i)
		}
	}
	known := p.counted[pid] != nil
	if list == nil {
		delete(p.counted, pid)
		return
	}
	p.counted[pid] = list
	if watch && !known {
		p.watchEnd(pid)
	}
}

// read gives the name of a process and, where somebody needs it, its command line. ok is false for one that has ended.
func (p *Processes) read(pid int) (name string, cmdline []byte, ok bool) {
	folder := filepath.Join(p.opt.Proc, strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(folder, "stat"))
	if err != nil {
		return "", nil, false
	}
	// The name stands in parentheses and may have some itself; the state follows (proc(5)).
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if open < 0 || end < open || end+2 >= len(stat) || stat[end+2] == 'Z' || stat[end+2] == 'X' {
		return "", nil, false
	}
	if p.cmdline {
		if cmdline, err = os.ReadFile(filepath.Join(folder, "cmdline")); err != nil {
			return "", nil, false
		}
	}
	return string(stat[open+1 : end]), cmdline, true
}

// watchEnd reports the end of a process through a descriptor of it, without a thread that waits.
func (p *Processes) watchEnd(pid int) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return // the next scan sees it
	}
	file := os.NewFile(uintptr(fd), "process")
	ended := make(chan struct{})
	go func() {
		select {
		case <-p.until:
		case <-ended:
		}
		_ = file.Close()
	}()
	go func() {
		defer close(ended)
		raw, err := file.SyscallConn()
		if err != nil {
			return
		}
		// It becomes readable when the process ends. Who waits for that hears of an end to come only.
		err = raw.Read(func(fd uintptr) bool {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
			return err == nil && n > 0
		})
		if err == nil {
			p.post(netif.ProcessEvent{Kind: netif.ProcessEnded, Pid: pid})
		}
	}()
}

package check

import (
	"fmt"
	"sync"
	"time"

	"keepalived-go/ipvs"
)

// maxNotes bounds the scripts and mails that wait behind the table of one virtual server while the kernel is slow;
// beyond it the oldest ones are lost, and counted.
const maxNotes = 4096

// tableWorker brings the kernel to the newest wanted table, then starts scripts and sends mails. The engine never
// waits for it. What is asked for in between replaces what was not yet done.
type tableWorker struct {
	kernel  *sharedKernel
	scripts Scripts
	mail    Mailer
	event   func(string)
	results chan<- error
	stop    <-chan struct{} // nobody takes results any more

	mu     sync.Mutex
	jobs   map[string]*job // by key of the virtual server
	queue  []*job          // oldest first
	staged []*job          // of this turn
	reread bool            // the kernel is to be read
	closed bool
	flush  bool // at the end the whole table goes
	wake   chan struct{}

	first  ipvs.Table // what the kernel had before the worker began; nil when it is to be read
	table  tableView  // the worker's alone
	repair repairs
}

// job is what is to be done for one virtual server.
type job struct {
	key      string
	position int // in the configuration
	queued   bool
	table    bool // entries are to be applied
	entries  []ipvs.Entry
	swap     bool // superfluous servers go before others come
	notes    []action
	lost     int
}

func newTableWorker(kernel *sharedKernel, opt Options, results chan<- error, stop <-chan struct{}) *tableWorker {
	return &tableWorker{
		kernel: kernel, scripts: opt.Scripts, mail: opt.Mail, event: opt.Event, results: results, stop: stop,
		jobs: map[string]*job{}, wake: make(chan struct{}, 1), table: newTableView(),
	}
}

// want makes entries what the virtual server is to have; none takes it off. swap says that real servers and sorry
// server change places, and are not to serve together.
func (w *tableWorker) want(key string, position int, entries []ipvs.Entry, swap bool) {
	w.stage(key, func(j *job) { j.entries, j.position, j.table, j.swap = entries, position, true, j.swap || swap })
}

// note adds a script or a mail, done after the table.
func (w *tableWorker) note(key string, a action) {
	w.stage(key, func(j *job) {
		if len(j.notes) == maxNotes {
			j.notes = j.notes[1:]
			j.lost++
		}
		j.notes = append(j.notes, a)
	})
}

func (w *tableWorker) stage(key string, change func(*job)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	j, ok := w.jobs[key]
	if !ok {
		j = &job{key: key}
		w.jobs[key] = j
	}
	change(j)
	if !j.queued {
		j.queued = true
		w.staged = append(w.staged, j)
	}
}

// release lets the worker begin with what was staged. reread asks it to look at the kernel first.
func (w *tableWorker) release(reread bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.staged) == 0 && !reread {
		return
	}
	w.queue = append(w.queue, w.staged...)
	w.staged = nil
	w.reread = w.reread || reread
	w.poke()
}

// close ends run after everything that was asked for is done. flush empties the kernel's table at the end.
func (w *tableWorker) close(flush bool) {
	w.release(false)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed, w.flush = true, flush
	w.poke()
}

func (w *tableWorker) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run works until close. Together with Engine.Run's first look it is what touches the kernel.
func (w *tableWorker) run() {
	for {
		jobs, reread, ok := w.take()
		if !ok {
			break
		}
		w.work(jobs, reread)
	}
	if w.flush {
		if err := w.kernel.Flush(); err != nil {
			w.fail(fmt.Errorf("emptying the kernel's table of virtual servers: %w", err))
		}
	}
}

// take waits for something to do: jobs, a look at the kernel, or a repair whose time has come.
func (w *tableWorker) take() (jobs []*job, reread, ok bool) {
	for {
		w.mu.Lock()
		jobs, reread = w.queue, w.reread
		closed := w.closed
		w.queue, w.reread = nil, false
		for _, j := range jobs {
			delete(w.jobs, j.key)
		}
		w.mu.Unlock()
		due := w.repair.due(time.Now())
		if len(jobs) > 0 || reread || due && !closed {
			return jobs, reread || due, true
		}
		if closed {
			return nil, false, false
		}
		w.repair.await(w.wake)
	}
}

// work applies the tables of the jobs, then does what comes after.
func (w *tableWorker) work(jobs []*job, reread bool) {
	touched, swapped := map[ipvs.Key]struct{}{}, map[ipvs.Key]bool{}
	for _, j := range jobs {
		if !j.table {
			continue
		}
		w.table.replace(j.key, j.position, j.entries, touched)
		if j.swap {
			for _, e := range j.entries {
				swapped[e.Key] = true
			}
		}
	}
	if reread {
		w.restore(swapped)
	} else if len(touched) > 0 {
		w.update(touched, swapped)
	}
	for _, j := range jobs {
		w.after(j)
	}
}

func (w *tableWorker) after(j *job) {
	for _, n := range j.notes {
		switch n := n.(type) {
		case tell:
			w.event(n.event)
			if n.script.Set() {
				w.scripts.Notify(n.script, n.label)
			}
		case post:
			w.mail.Send(n.subject, n.body)
		}
	}
	if j.lost > 0 {
		w.fail(fmt.Errorf("%d scripts and mails of %s were left out: the kernel is slower than the changes", j.lost, j.key))
	}
}

func (w *tableWorker) fail(err error) {
	select {
	case w.results <- err:
	case <-w.stop:
	}
}

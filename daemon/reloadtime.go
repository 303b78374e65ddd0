package daemon

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/unix"

	"keepalived-go/config"
)

// appointment is reload_time_file: a file with the time of the next reload, which is looked at whenever it changes.
// The loop of the parent has it.
type appointment struct {
	file   string
	repeat bool
	watch  *fsnotify.Watcher // of the folder; nil without one
	at     time.Time         // zero when there is none
	dated  bool              // it will not come again tomorrow
	timer  *time.Timer       // of at
}

// timeFormat is how the log writes the time of a reload.
const timeFormat = "2006-01-02 15:04:05"

// makeAppointment begins to follow the file of a configuration.
func (p *parent) makeAppointment(g config.Global) {
	p.leaveAppointment()
	if g.ReloadTimeFile == "" || p.stopping {
		return
	}
	a := &appointment{file: g.ReloadTimeFile, repeat: g.ReloadRepeat}
	p.appointment = a
	var err error
	if a.watch, err = watchFolder(filepath.Dir(a.file)); err != nil {
		p.log.Warnf("reload_time_file is not looked at: %v", err)
		return
	}
	go p.followFolder(a, a.watch)
	p.readAppointment(a)
}

// leaveAppointment ends that, with the reload that was to come.
func (p *parent) leaveAppointment() {
	a := p.appointment
	p.appointment = nil
	if a == nil {
		return
	}
	if a.timer != nil {
		a.timer.Stop()
	}
	a.unwatch()
}

func (a *appointment) unwatch() {
	if a.watch != nil {
		_ = a.watch.Close()
		a.watch = nil
	}
}

// readAppointment reads the time anew.
func (p *parent) readAppointment(a *appointment) {
	text, ok := firstLine(a.file)
	if !ok {
		p.cancelAppointment(a)
		return
	}
	at, dated, err := reloadTime(text, time.Now())
	if err != nil {
		p.log.Warnf("%v - ignoring", err)
		p.cancelAppointment(a)
		return
	}
	switch {
	case at.Equal(a.at):
		return
	case a.at.IsZero():
		p.log.Infof("Scheduling reload for %s", at.Local().Format(timeFormat))
	default:
		p.log.Infof("Reload time updated from %s to %s", a.at.Local().Format(timeFormat), at.Local().Format(timeFormat))
	}
	a.at, a.dated = at, dated
	p.awaitAppointment(a)
}

func (p *parent) cancelAppointment(a *appointment) {
	if a.at.IsZero() {
		return
	}
	p.log.Infof("Cancelling reload scheduled for %s", a.at.Local().Format(timeFormat))
	a.at = time.Time{}
	a.timer.Stop()
}

// clockPatience is how long the clock of the host is trusted to go as it should. It may be set meanwhile.
const clockPatience = 10 * time.Second

// awaitAppointment reloads when the time has come.
func (p *parent) awaitAppointment(a *appointment) {
	if p.appointment != a || a.at.IsZero() {
		return
	}
	if a.timer != nil {
		a.timer.Stop()
	}
	left := time.Until(a.at)
	if left > 0 {
		a.timer = p.after(min(left, clockPatience), func() { p.awaitAppointment(a) })
		return
	}
	a.unwatch()
	if !a.repeat || a.dated {
		if err := os.Remove(a.file); err != nil && !errors.Is(err, os.ErrNotExist) {
			p.log.Warnf("reload_time_file: %v", err)
		}
	}
	p.startReload()
}

// firstLine is the beginning of a file, as much of it as a time can be; ok is false when there is nothing.
func firstLine(file string) (line string, ok bool) {
	f, err := os.OpenFile(file, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", false
	}
	defer func() { _ = f.Close() }()
	const most = len("2006-01-02 15:04:05Z")
	text := make([]byte, most)
	n, _ := io.ReadFull(f, text)
	line, _, _ = strings.Cut(string(text[:n]), "\n")
	return line, n > 0
}

// reloadTime reads a time of today or tomorrow, or a date with a time, of this host or with a Z at its end of UTC. It
// must not be in the past.
func reloadTime(text string, now time.Time) (at time.Time, dated bool, err error) {
	bare, utc := strings.CutSuffix(text, "Z")
	place := now.Location()
	if utc {
		place = time.UTC
	}
	layout, known := map[int]string{8: "15:04:05", 17: "06-01-02 15:04:05", 19: timeFormat}[len(bare)]
	if !known {
		return at, false, fmt.Errorf("reload time %s format is incorrect", text)
	}
	written, err := time.Parse(layout, bare)
	if err != nil || strings.ContainsAny(bare, ".,") {
		return at, false, fmt.Errorf("reload date/time %s invalid", text)
	}
	year, month, day := now.In(place).Date()
	if dated = len(bare) > 8; dated {
		year, month, day = written.Date()
	}
	hour, minute, second := written.Clock()
	moment := func(later int) time.Time { return time.Date(year, month, day+later, hour, minute, second, 0, place) }
	at = moment(0)
	switch h, m, s := at.Clock(); {
	case h != hour || m != minute || s != second: // an hour that the clocks leave out
		return at, false, fmt.Errorf("reload time %s is not valid", text)
	case at.After(now):
		return at, dated, nil
	case dated:
		return at, false, fmt.Errorf("reload time %s is in the past", text)
	}
	return moment(1), false, nil
}

// writingPatience is how long nothing must happen to the file before it is read: who writes it may be at it.
const writingPatience = 50 * time.Millisecond

// watchFolder has what becomes of the files of a folder reported.
func watchFolder(folder string) (*fsnotify.Watcher, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watching %s: %w", folder, err)
	}
	if err := w.Add(folder); err != nil {
		return nil, errors.Join(fmt.Errorf("watching %s: %w", folder, err), w.Close())
	}
	return w, nil
}

// followFolder has the loop read the file again when something has happened to it.
func (p *parent) followFolder(a *appointment, watch *fsnotify.Watcher) {
	folder := filepath.Dir(a.file)
	pause := time.NewTimer(time.Hour)
	defer pause.Stop()
	for {
		select {
		case e, ok := <-watch.Events:
			switch {
			case !ok:
				return // it was closed
			case filepath.Clean(e.Name) == folder && e.Has(fsnotify.Remove|fsnotify.Rename):
				p.work <- func() { p.folderGone(a, watch) }
				return
			case filepath.Base(e.Name) == filepath.Base(a.file):
				pause.Reset(writingPatience)
			}
		case _, ok := <-watch.Errors: // events may be lost
			if !ok {
				return
			}
			pause.Reset(writingPatience)
		case <-pause.C:
			p.work <- func() {
				if p.appointment == a && a.watch == watch {
					p.readAppointment(a)
				}
			}
		}
	}
}

func (p *parent) folderGone(a *appointment, watch *fsnotify.Watcher) {
	if p.appointment != a || a.watch != watch {
		return
	}
	p.cancelAppointment(a)
	p.log.Warn("Directory of reload timer file has disappeared. Monitoring stopped.")
	a.unwatch()
}

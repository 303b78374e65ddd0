package vrrp

import (
	"slices"
	"time"

	"keepalived-go/config"
	"keepalived-go/track"
)

// trackedFiles are the files that instances or groups track. Only the engine's goroutine touches them.
type trackedFiles struct {
	order   []config.TrackFile // of the configuration
	status  map[string]int     // by name
	watcher *track.Files       // nil without files
}

func (t *trackedFiles) close() {
	if t.watcher != nil {
		t.watcher.Close()
	}
}

func (t *trackedFiles) view() []FileView {
	views := make([]FileView, 0, len(t.order))
	for _, c := range t.order {
		views = append(views, FileView{Config: c, Status: t.status[c.Name]})
	}
	return views
}

// trackFiles watches the tracked files of a (new) configuration, and knows what is in them when it returns. Where nothing
// has changed the watch goes on.
func (e *Engine) trackFiles(cfg config.Config) {
	used := used(cfg, func(by trackLists) []config.Track { return by.files })
	files := &trackedFiles{status: map[string]int{}}
	var list []track.File
	for _, c := range cfg.TrackFiles {
		if used[c.Name] {
			files.order = append(files.order, c)
			list = append(list, track.File{Name: c.Name, Path: c.Path})
		}
	}
	if slices.Equal(files.order, e.files.order) {
		return
	}
	e.files.close()
	e.files = files
	if len(list) == 0 {
		return
	}
	w, first, err := track.WatchFiles(list, func(s track.FileStatus) {
		_ = e.do(func() {
			if e.files == files { // no reload has taken them away
				e.fileChanged(time.Now(), s)
			}
		})
	})
	if err != nil {
		e.log.Warnf("%v", err)
	}
	files.watcher = w
	for _, s := range first {
		e.fileRead(s)
	}
}

// initFiles makes the files that init_file asks for. Only the first start of the daemon does.
func (e *Engine) initFiles(cfg config.Config) {
	for _, f := range cfg.TrackFiles {
		if !f.Init.Create {
			continue
		}
		if err := track.InitFile(f.Path, f.Init.Value, f.Init.Overwrite); err != nil {
			e.log.Warnf("%v", err)
		}
	}
}

// fileRead notes what is in a file.
func (e *Engine) fileRead(s track.FileStatus) (changed bool) {
	if s.Err != nil {
		e.log.Infof("%v", s.Err)
		return false
	}
	changed = e.files.status[s.Name] != s.Status
	e.files.status[s.Name] = s.Status
	return changed
}

// fileChanged tells the instances that track a file what is in it now.
func (e *Engine) fileChanged(now time.Time, s track.FileStatus) {
	before := e.files.status[s.Name]
	if !e.fileRead(s) {
		return
	}
	for _, r := range e.order {
		for i := range r.cfg.TrackFiles {
			if t := &r.cfg.TrackFiles[i]; t.Name == s.Name {
				e.logFile(r.cfg.Name, t, before, s.Status)
			}
		}
	}
	e.applyTracked(now)
}

// logFile says that a file has come to demand Fault of an instance, or does not any more.
func (e *Engine) logFile(instance string, t *config.Track, before, after int) {
	var old, now track.Influence
	old.WeighStatus(weightOf(t), before)
	now.WeighStatus(weightOf(t), after)
	switch {
	case now.Faults > old.Faults:
		e.detail("(%s): tracked file %s now FAULT state", instance, t.Name)
	case now.Faults < old.Faults:
		e.detail("(%s): tracked file %s leaving FAULT state", instance, t.Name)
	}
}

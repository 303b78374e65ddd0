package config

import (
	"time"

	"keepalived-go/parser"
)

// openScript begins a vrrp_script.
func (d *decoder) openScript(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	d.scope.script = &TrackScript{Name: w.Text, Interval: time.Second, Rise: 1, Fall: 1}
	d.scriptPos, d.scriptBroken = w.Pos, false
}

// vrrpScriptCommand reads the command of a vrrp_script. Unlike the notify scripts, words after it are no user.
func (d *decoder) vrrpScriptCommand(l line) {
	words, fault := scriptWords(l.st.Raw.Text)
	if fault == "" && len(words) > 1 {
		words, fault = scriptWords(words[1])
	} else {
		words = nil
	}
	if fault != "" {
		d.warn(l.st.Pos(), "script: %s", fault)
		return
	}
	d.scope.script.Script.Argv = words
}

func (d *decoder) vrrpScriptUser(l line) {
	if _, ok := d.need(l, 0); !ok {
		return
	}
	s := d.scope.script.Script
	s.setUser(texts(l.st.Args()))
	what, ok := d.account(s)
	d.scriptBroken = !ok
	if !ok {
		d.warn(l.st.Pos(), "vrrp_script %s: %s does not exist", d.scope.script.Name, what)
		return
	}
	d.scope.script.Script = s
}

// closeScript keeps a vrrp_script that has a command and a user.
func (d *decoder) closeScript() {
	s := *d.scope.script
	if !s.Script.Set() {
		d.warn(d.scriptPos, "vrrp_script %s has no script, it is removed", s.Name)
		return
	}
	if d.scriptBroken {
		return
	}
	if s.Script.User == "" && !d.defaultScriptUser(d.scriptPos) {
		d.warn(d.scriptPos, "vrrp_script %s has no user to run as, it is removed", s.Name)
		return
	}
	if _, again := d.trackers.script[s.Name]; !again {
		d.trackers.script[s.Name] = len(d.config.Scripts)
	}
	d.config.Scripts = append(d.config.Scripts, s)
	d.scriptPlaces = append(d.scriptPlaces, d.scriptPos)
}

// weightRange are the weights of a tracker's definition.
func weightRange(keyword string) Arg {
	if keyword == "vrrp_script" {
		return intArg(-253, 253)
	}
	return intArg(-254, 254)
}

// trackerWeight reads WEIGHT [reverse] of a definition.
func (d *decoder) trackerWeight(l line) {
	w, ok := l.arg(0)
	if !ok {
		if d.path[len(d.path)-1] == "vrrp_script" {
			d.need(l, 0)
			return
		}
		d.warn(l.st.Pos(), "weight: a value is missing")
		return
	}
	n, ok := d.number("weight", w, weightRange(d.path[len(d.path)-1]))
	if !ok {
		return
	}
	place := l.kw.Into(&d.scope).(*Weight)
	place.Value = int(n)
	place.Reverse = d.reverse(l, 1, false)
}

// reverse reads the word reverse, if it is there.
func (d *decoder) reverse(l line, n int, otherwise bool) bool {
	w, ok := l.arg(n)
	switch {
	case !ok:
		return otherwise
	case w.Text == "reverse":
		return true
	}
	d.warn(w.Pos, "weight: unknown option %q", w.Text)
	return otherwise
}

// openTrackFile begins a track_file.
func (d *decoder) openTrackFile(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	if _, again := d.trackers.file[w.Text]; again {
		d.note(w.Pos, "track file %s was defined before, this one is ignored", w.Text)
		d.skip = true
		return
	}
	d.scope.file = &TrackFile{Name: w.Text, Weight: Weight{Value: 1}}
	d.scriptPos = w.Pos
}

// initFile reads [VALUE] [overwrite] in any order.
func (d *decoder) initFile(l line) {
	init := &d.scope.file.Init
	*init = InitFile{Create: true}
	for _, w := range l.st.Args() {
		if w.Text == "overwrite" {
			init.Overwrite = true
			continue
		}
		n, ok := d.number("init_file", w, intArg(-1<<31, 1<<31-1))
		if !ok {
			continue
		}
		init.Value = int(n)
	}
}

func (d *decoder) closeTrackFile() {
	f := *d.scope.file
	if f.Path == "" {
		d.warn(d.scriptPos, "track file %s has no file, it is removed", f.Name)
		return
	}
	d.trackers.file[f.Name] = len(d.config.TrackFiles)
	d.config.TrackFiles = append(d.config.TrackFiles, f)
}

// openProcess begins a vrrp_track_process.
func (d *decoder) openProcess(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	d.scope.process = &TrackProcess{Name: w.Text, Quorum: 1, QuorumMax: Unlimited}
	d.scriptPos = w.Pos
}

func (d *decoder) processCommand(l line) {
	p := d.scope.process
	if _, ok := d.need(l, 0); !ok {
		return
	}
	if p.Command != nil {
		d.warn(l.st.Pos(), "vrrp_track_process %s: process was given before, this one is ignored", p.Name)
		return
	}
	p.Command = texts(l.st.Args())
	if len(p.Command) > 1 {
		p.FullCommand = true
		if p.ParamMatch == MatchNone {
			p.ParamMatch = MatchExact
		}
	}
}

func (d *decoder) paramMatch(l line) {
	p := d.scope.process
	w, ok := l.arg(0)
	switch {
	case !ok:
		p.ParamMatch = MatchExact
	case w.Text == "initial":
		p.ParamMatch = MatchInitial
	case w.Text == "partial":
		p.ParamMatch = MatchPartial
	default:
		d.warn(w.Pos, "param_match: unknown kind %q", w.Text)
		return
	}
	p.FullCommand = true
}

func (d *decoder) processWeight(l line) {
	p := d.scope.process
	if p.Weight.Value != 0 {
		d.warn(l.st.Pos(), "vrrp_track_process %s: weight was given before, this one is ignored", p.Name)
		return
	}
	d.trackerWeight(l)
}

func (d *decoder) processQuorum(l line) {
	p := d.scope.process
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	n, ok := d.number("quorum", w, l.kw.Arg)
	if ok && int(n) > p.QuorumMax {
		d.warn(w.Pos, "quorum %d is greater than quorum_max %d, it is ignored", n, p.QuorumMax)
		return
	}
	if ok {
		p.Quorum = int(n)
	}
}

func (d *decoder) processQuorumMax(l line) {
	p := d.scope.process
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	n, ok := d.number("quorum_max", w, l.kw.Arg)
	if !ok {
		return
	}
	if (n > 0 || p.Quorum > 1) && int(n) < p.Quorum {
		d.warn(w.Pos, "quorum_max %d is less than quorum %d, it is ignored", n, p.Quorum)
		return
	}
	p.QuorumMax = int(n)
	if n == 0 {
		p.Quorum = 0
	} else if p.Quorum == 0 {
		p.Quorum = 1
	}
}

func (d *decoder) processDelay(l line) {
	if v, ok := d.value(l); ok {
		d.scope.process.ForkDelay, d.scope.process.TerminateDelay = asDuration(v), asDuration(v)
	}
}

func (d *decoder) closeProcess() {
	p := *d.scope.process
	if p.Command == nil {
		d.warn(d.scriptPos, "vrrp_track_process %s has no process, it is removed", p.Name)
		return
	}
	if _, again := d.trackers.process[p.Name]; !again {
		d.trackers.process[p.Name] = len(d.config.TrackProcesses)
	}
	d.config.TrackProcesses = append(d.config.TrackProcesses, p)
}

// trackers find definitions by name: the index of the first of that name.
type trackers struct{ script, file, process map[string]int }

func newTrackers() trackers {
	return trackers{script: map[string]int{}, file: map[string]int{}, process: map[string]int{}}
}

// tracked reads a line NAME [weight N [reverse|noreverse]] of an instance or a sync group. def is the weight of the definition.
func (d *decoder) tracked(l line, kind string, def Weight, rng Arg) (Track, bool) {
	t := Track{Name: l.st.Keyword(), Weight: def}
	args := l.st.Args()
	if len(args) == 0 {
		return t, true
	}
	if args[0].Text != "weight" {
		d.warn(args[0].Pos, "%s %s: unknown option %q, it is not tracked", kind, t.Name, args[0].Text)
		return t, false
	}
	if len(args) == 1 {
		d.warn(args[0].Pos, "%s %s: the weight is missing, it is not tracked", kind, t.Name)
		return t, false
	}
	if n, ok := d.number("weight of "+t.Name, args[1], rng); ok {
		t.Weight.Value = d.limitWeight(int(n), kind, args[1])
	}
	if len(args) > 2 {
		t.Weight.Reverse = d.trackDirection(t, kind, args[2])
	}
	return t, true
}

// limitWeight changes the weights that would make the priority leave its range.
func (d *decoder) limitWeight(n int, kind string, w parser.Word) int {
	if (n == 254 || n == -254) && (kind == "track_interface" || kind == "track_script") {
		d.warn(w.Pos, "%s: weight %d is limited to 253", kind, n)
		return n / 254 * 253
	}
	return n
}

func (d *decoder) trackDirection(t Track, kind string, w parser.Word) bool {
	switch {
	case w.Text == "reverse":
		return true
	case w.Text == "noreverse" && kind != "track_interface":
		return false
	}
	d.warn(w.Pos, "%s %s: unknown option %q", kind, t.Name, w.Text)
	return t.Weight.Reverse
}

// owner names the instance or group whose block is read, for messages, and gives its lists of tracked objects.
func (d *decoder) owner() (name string, lists *trackLists) {
	if d.path[0] == "vrrp_sync_group" {
		g := d.scope.group
		return g.Name, &trackLists{&g.TrackInterfaces, &g.TrackScripts, &g.TrackFiles, &g.TrackProcesses, &g.TrackBFD}
	}
	i := d.scope.inst
	return i.Name, &trackLists{&i.TrackInterfaces, &i.TrackScripts, &i.TrackFiles, &i.TrackProcesses, &i.TrackBFD}
}

type trackLists struct{ interfaces, scripts, files, processes, bfd *[]Track }

// add appends a tracked object unless the list has it.
func (d *decoder) add(l line, kind, owner string, list *[]Track, def Weight, rng Arg) {
	key := trackKey{owner: owner, kind: kind, name: l.st.Keyword(), group: d.path[0] == "vrrp_sync_group"}
	if d.tracks[key] {
		d.warn(l.st.Pos(), "(%s) %s %s is a duplicate, it is ignored", owner, kind, key.name)
		return
	}
	if t, ok := d.tracked(l, kind, def, rng); ok {
		d.tracks[key] = true
		*list = append(*list, t)
	}
}

// trackKey finds duplicates among tracked objects.
type trackKey struct {
	owner, kind, name string
	group             bool
}

func (d *decoder) trackedInterface(l line) {
	name, lists := d.owner()
	if _, ok := d.link(l.st.Words[0]); !ok {
		d.warn(l.st.Pos(), "(%s) tracked interface %s does not exist", name, l.st.Keyword())
		return
	}
	d.add(l, "track_interface", name, lists.interfaces, Weight{}, intArg(-254, 254))
}

func (d *decoder) trackedScript(l line) {
	name, lists := d.owner()
	i, ok := d.trackers.script[l.st.Keyword()]
	if !ok {
		notFound(d, l, name, "script", d.trackers.script)
		return
	}
	d.scriptUsed[i] = true
	d.add(l, "track_script", name, lists.scripts, d.config.Scripts[i].Weight, intArg(-254, 254))
}

func (d *decoder) trackedFile(l line) {
	name, lists := d.owner()
	i, ok := d.trackers.file[l.st.Keyword()]
	if !ok {
		notFound(d, l, name, "file", d.trackers.file)
		return
	}
	d.add(l, "track_file", name, lists.files, d.config.TrackFiles[i].Weight, intArg(-254, 254))
}

func (d *decoder) trackedProcess(l line) {
	name, lists := d.owner()
	i, ok := d.trackers.process[l.st.Keyword()]
	if !ok {
		notFound(d, l, name, "process", d.trackers.process)
		return
	}
	d.add(l, "track_process", name, lists.processes, d.config.TrackProcesses[i].Weight, intArg(-254, 254))
}

// trackedBFD reads a tracked session, which must have been defined above.
func (d *decoder) trackedBFD(l line) {
	name, lists := d.owner()
	weight, ok := d.scope.vrrpBFD[l.st.Keyword()]
	if !ok {
		notFound(d, l, name, "bfd", d.scope.vrrpBFD)
		return
	}
	d.add(l, "track_bfd", name, lists.bfd, weight, intArg(-253, 253))
}

// notFound reports a tracked object that no block defines, with the nearest name that is.
func notFound[V any](d *decoder, l line, owner, kind string, defined map[string]V) {
	d.report(l.st.Pos(), warning, statusConfig, hint(d, l.st.Keyword(), defined), "(%s) track %s %s not found, ignoring", owner, kind, l.st.Keyword())
}

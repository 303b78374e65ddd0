package config

import (
	"slices"
	"strings"

	"keepalived-go/parser"
)

// checkScripts looks at the files of all scripts, and takes those off that cannot or must not run.
func (d *decoder) checkScripts() {
	found := d.checkTrackScripts()
	for _, u := range d.scripts {
		usable, exists := d.lookAt(u)
		found = found || exists
		if !usable {
			d.dropScript(u.script)
		}
	}
	if found && d.env.Script != nil && !d.config.Global.ScriptSecurity {
		status := parser.StatusSecurity
		if d.linkMissing { // Upstream does not come to this check.
			status = parser.StatusConfig
		}
		d.report(d.firstScript(), warning, status, "put enable_script_security into global_defs",
			"SECURITY VIOLATION - scripts are being executed but script_security not enabled.")
	}
}

// firstScript is the place that the warning about script security points to.
func (d *decoder) firstScript() parser.Position {
	if len(d.scripts) > 0 {
		return d.scripts[0].pos
	}
	return d.scriptPlaces[0]
}

// lookAt asks for the state of one script. exists is true when there is a file that would run.
func (d *decoder) lookAt(u scriptUse) (usable, exists bool) {
	s := d.scriptState(u.script)
	switch {
	case s.Missing:
		d.note(u.pos, "script %s cannot be found or accessed, it is disabled", u.script.Argv[0])
		return false, false
	case s.Inhibited || s.Insecure && d.config.Global.ScriptSecurity:
		d.note(u.pos, "script %s is insecure, it is disabled", u.script.Argv[0])
		return false, true
	case s.NotExecutable:
		d.note(u.pos, "script %s is not executable for its user, it is disabled", u.script.Argv[0])
		return false, true
	case s.Insecure:
		d.note(u.pos, "script %s can be changed by others than root", u.script.Argv[0])
	}
	return true, !s.OpensFile
}

// scriptState asks Env about a script. A command that begins with "</" opens a file and runs nothing.
func (d *decoder) scriptState(s Script) ScriptState {
	if rest, ok := strings.CutPrefix(s.Argv[0], "<"); ok && strings.HasPrefix(strings.TrimLeft(rest, " \t"), "/") {
		return ScriptState{OpensFile: true}
	}
	if d.env.Script == nil {
		return ScriptState{}
	}
	uid, gid := d.credentials(s)
	return d.env.Script(s.Argv[0], uid, gid)
}

// credentials are the ids that a script runs as.
func (d *decoder) credentials(s Script) (uid, gid uint32) {
	if s.User == "" {
		s = d.config.Global.ScriptUser
	}
	name := s.User
	if name == "" {
		name = DefaultScriptUser
	}
	if d.env.User == nil {
		return 0, 0
	}
	a, ok := d.env.User(name)
	if !ok {
		return 0, 0
	}
	uid, gid = a.UID, a.GID
	if s.Group != "" && d.env.Group != nil {
		if g, ok := d.env.Group(s.Group); ok {
			gid = g
		}
	}
	return uid, gid
}

// checkTrackScripts removes the vrrp_scripts that cannot run, and what tracks them.
func (d *decoder) checkTrackScripts() (found bool) {
	if len(d.raw) == 0 {
		return false
	}
	gone := map[string]bool{}
	kept := d.config.Scripts[:0]
	for n, s := range d.config.Scripts {
		state := d.scriptState(s.Script)
		found = found || !state.Missing && !state.OpensFile
		why := ""
		switch {
		case state.Missing:
			why = "not found/accessible"
		case state.Inhibited || state.Insecure && d.config.Global.ScriptSecurity:
			why = "insecure"
		case state.NotExecutable:
			d.note(d.scriptPlaces[n], "track script %s is not executable for its user, it is disabled", s.Name)
			gone[s.Name] = true
			continue
		default:
			kept = append(kept, s)
			continue
		}
		d.warn(d.scriptPlaces[n], "track script %s is disabled, because %s is %s", s.Name, s.Script.Argv[0], why)
		gone[s.Name] = true
	}
	d.config.Scripts = kept
	d.dropTracks(gone)
	return found
}

// dropTracks takes scripts that are gone off the instances and groups.
func (d *decoder) dropTracks(gone map[string]bool) {
	if len(gone) == 0 {
		return
	}
	dead := func(t Track) bool { return gone[t.Name] }
	for _, i := range d.raw {
		i.TrackScripts = slices.DeleteFunc(i.TrackScripts, dead)
	}
	for _, g := range d.rawGroups {
		g.TrackScripts = slices.DeleteFunc(g.TrackScripts, dead)
	}
}

// dropScript takes a notify script off wherever it stands.
func (d *decoder) dropScript(s Script) {
	drop := func(places ...*Script) {
		for _, p := range places {
			if p.Set() && &p.Argv[0] == &s.Argv[0] {
				*p = Script{}
			}
		}
	}
	for _, i := range d.raw {
		drop(&i.NotifyMaster, &i.NotifyBackup, &i.NotifyFault, &i.NotifyStop, &i.Notify, &i.NotifyMasterRxLowerPri, &i.NotifyDeleted.Script)
	}
	for _, g := range d.rawGroups {
		drop(&g.NotifyMaster, &g.NotifyBackup, &g.NotifyFault, &g.NotifyStop, &g.Notify)
	}
	g := &d.config.Global
	drop(&g.NotifyFIFOScript, &g.VRRPNotifyFIFOScript, &g.LVSNotifyFIFOScript, &g.StartupScript, &g.ShutdownScript)
}

// noteUnusedScripts says which vrrp_scripts nobody tracks. Upstream says so when it runs, not under -t.
func (d *decoder) noteUnusedScripts() {
	for n, pos := range d.scriptPlaces {
		if !d.scriptUsed[n] {
			d.note(pos, "this vrrp_script is tracked by nobody")
		}
	}
}

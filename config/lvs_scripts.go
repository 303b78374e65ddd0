package config

import (
	"slices"

	"keepalived-go/parser"
)

// checkServerScripts looks at the files of the scripts of virtual servers, real servers and MISC_CHECK, and takes
// those off that cannot or must not run.
func (d *decoder) checkServerScripts() {
	var first *parser.Position
	look := func(pos *parser.Position, s *Script) bool {
		if !s.Set() {
			return false
		}
		usable, exists := d.lookAt(scriptUse{pos: *pos, script: *s})
		if exists && first == nil {
			first = pos
		}
		return usable
	}
	notify := func(pos *parser.Position, scripts ...*Script) {
		for _, s := range scripts {
			if !look(pos, s) {
				*s = Script{}
			}
		}
	}
	for i := range d.config.VirtualServers {
		vs := &d.config.VirtualServers[i]
		notify(&vs.Pos, &vs.QuorumUp, &vs.QuorumDown)
		for j := range vs.RealServers {
			rs := &vs.RealServers[j]
			notify(&rs.Pos, &rs.NotifyUp, &rs.NotifyDown)
			for k := len(rs.Checkers) - 1; k >= 0; k-- {
				c := &rs.Checkers[k]
				if m, ok := c.Detail.(MiscCheck); ok && !look(&c.Pos, &m.Script) {
					rs.Checkers = slices.Delete(rs.Checkers, k, k+1)
				}
			}
			if len(rs.Checkers) == 0 {
				rs.Checkers = nil
			}
		}
	}
	if first != nil && !d.config.Global.ScriptSecurity {
		d.report(*first, parser.Warning, parser.StatusSecurity, "put enable_script_security into global_defs",
			"SECURITY VIOLATION - check scripts are being executed but script_security not enabled.")
	}
}

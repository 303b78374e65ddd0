package config

import (
	"math"
)

// commLength is the longest name that the kernel keeps for a process.
const commLength = 15

func (d *decoder) processName(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	name := w.Text
	if len(name) > commLength {
		d.warn(w.Pos, "%s: %q is longer than %d bytes, the rest is cut off", l.kw.Name, name, commLength)
		name = name[:commLength]
	}
	store(l.kw.Into(&d.scope), name)
}

func (d *decoder) processNames(line) {
	g := &d.config.Global
	g.VRRPProcess.Name, g.CheckerProcess.Name, g.BFDProcess.Name = "keepalived_vrrp", "keepalived_lvs", "keepalived_bfd"
}

// cpuAffinity reads a list of processors; one that is wrong voids the list.
func (d *decoder) cpuAffinity(l line) {
	place := l.kw.Into(&d.scope).(*[]int)
	if _, ok := l.arg(0); !ok {
		d.warn(l.st.Pos(), "%s: a list of processors is missing", l.kw.Name)
		return
	}
	last := int64(math.MaxInt32)
	if d.env.CPUs > 0 {
		last = int64(d.env.CPUs - 1)
	}
	var cpus []int
	for _, w := range l.st.Args() {
		n, ok := d.number(l.kw.Name, w, intArg(0, last))
		if !ok {
			return
		}
		cpus = append(cpus, int(n))
	}
	*place = cpus
}

// rtPriority reads a realtime priority and limits it to what the kernel has.
func (d *decoder) rtPriority(l line) {
	w, ok := l.arg(0)
	if !ok {
		d.warn(l.st.Pos(), "%s: a priority is missing", l.kw.Name)
		return
	}
	n, ok := d.number(l.kw.Name, w, l.kw.Arg)
	if !ok {
		return
	}
	limited := min(max(n, 1), 99)
	if limited != n {
		d.warn(w.Pos, "%s: %d is outside of the range 1 to 99, %d is used", l.kw.Name, n, limited)
	}
	store(l.kw.Into(&d.scope), limited)
}

func (d *decoder) maxAutoPriority(l line) {
	w, ok := l.arg(0)
	if !ok {
		d.config.Global.MaxAutoPriority = 99
		return
	}
	if n, ok := d.number(l.kw.Name, w, intArg(-1, 99)); ok {
		d.config.Global.MaxAutoPriority = int(n)
	}
}

package config

import "slices"

// Tracked are the objects that an instance or a sync group tracks.
type Tracked struct {
	Interfaces, Scripts, Files, Processes, BFD []Track
}

// Tracked gives what the instance tracks: its own objects, and those of its sync group, which every member tracks. Where
// both name the same object the group's line counts, as upstream has it.
func (c *Config) Tracked(in *Instance) Tracked {
	own := Tracked{in.TrackInterfaces, in.TrackScripts, in.TrackFiles, in.TrackProcesses, in.TrackBFD}
	for i := range c.SyncGroups {
		if g := &c.SyncGroups[i]; in.SyncGroup != "" && g.Name == in.SyncGroup {
			return own.over(g.tracked())
		}
	}
	return own
}

func (g *SyncGroup) tracked() Tracked {
	return Tracked{g.TrackInterfaces, g.TrackScripts, g.TrackFiles, g.TrackProcesses, g.TrackBFD}
}

// over adds the objects of a group to those of a member.
func (t Tracked) over(group Tracked) Tracked {
	return Tracked{
		joined(t.Interfaces, group.Interfaces), joined(t.Scripts, group.Scripts), joined(t.Files, group.Files),
		joined(t.Processes, group.Processes), joined(t.BFD, group.BFD),
	}
}

func joined(own, group []Track) []Track {
	if len(group) == 0 {
		return own
	}
	out := slices.DeleteFunc(slices.Clone(own), func(t Track) bool {
		return slices.ContainsFunc(group, func(g Track) bool { return g.Name == t.Name })
	})
	return append(out, group...)
}

// faults tells whether losing one of the objects means Fault.
func (t Tracked) faults() bool {
	return slices.ContainsFunc([][]Track{t.Interfaces, t.Scripts, t.Files, t.Processes, t.BFD}, faultTracker)
}

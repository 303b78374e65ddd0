package config

import "slices"

// dropOwnInterface takes the instance's own interface off those that it tracks, where it is tracked anyway.
func (d *decoder) dropOwnInterface(i *rawInstance) {
	i.TrackInterfaces = slices.DeleteFunc(i.TrackInterfaces, func(t Track) bool {
		if t.Name != i.Interface {
			return false
		}
		d.warn(i.Pos, "(%s) track_interface %s is the instance's own interface, it is ignored", i.Name, t.Name)
		return true
	})
}

// resolveTrackers takes weights away where they cannot be: from address owners, and from members of a sync group
// without sync_group_tracking_weight.
func (d *decoder) resolveTrackers(i *rawInstance) {
	owner := i.Priority == ownerPriority
	grouped := i.sync != nil && !i.sync.TrackingWeight
	if !owner && !grouped {
		return
	}
	why := "an address owner"
	if grouped {
		why = "a member of a sync group"
	}
	drop := func(kind string) func(Track) bool {
		return func(t Track) bool {
			if t.Weight.Value == 0 {
				return false
			}
			d.warn(i.Pos, "(%s) %s %s has a weight, which %s cannot have", i.Name, kind, t.Name, why)
			return true
		}
	}
	if grouped {
		unweigh(i.TrackInterfaces, drop("track_interface"))
	} else {
		i.TrackInterfaces = slices.DeleteFunc(i.TrackInterfaces, drop("track_interface"))
	}
	i.TrackScripts = slices.DeleteFunc(i.TrackScripts, drop("track_script"))
	unweighFiles(i.TrackFiles, drop("track_file"))
	i.TrackFiles = slices.DeleteFunc(i.TrackFiles, drop("track_file"))
	i.TrackBFD = slices.DeleteFunc(i.TrackBFD, drop("track_bfd"))
}

func unweigh(list []Track, weighted func(Track) bool) {
	for n := range list {
		if weighted(list[n]) {
			list[n].Weight.Value = 0
		}
	}
}

// unweighFiles takes away weight 1, which is the default of files and was probably not asked for.
func unweighFiles(list []Track, weighted func(Track) bool) {
	for n := range list {
		if list[n].Weight.Value == 1 && weighted(list[n]) {
			list[n].Weight.Value = 0
		}
	}
}

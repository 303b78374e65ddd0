package config

import (
	"slices"
	"strings"
)

// holdUnsupported lists the settings that the engine cannot act on yet and must not leave out.
func (d *decoder) holdUnsupported(i *rawInstance) {
	for _, c := range []struct {
		on   bool
		name string
	}{
		{i.sync != nil && faultTracker(i.sync.TrackBFD), "track_bfd of its sync group"},
		{faultTracker(i.TrackBFD), "track_bfd"},
	} {
		if c.on {
			i.Unsupported = append(i.Unsupported, c.name)
		}
	}
	if len(i.Unsupported) > 0 {
		d.note(i.Pos, "(%s) is held in FAULT, because this version cannot act on %s yet", i.Name, strings.Join(i.Unsupported, ", "))
	}
	d.noteWeights(i)
}

// faultTracker tells whether losing one of the objects means Fault.
func faultTracker(list []Track) bool {
	return slices.ContainsFunc(list, func(t Track) bool { return t.Weight.Value == 0 })
}

// noteWeights says once that weighted sessions do not change the priority yet.
func (d *decoder) noteWeights(i *rawInstance) {
	sessions := i.TrackBFD
	if i.sync != nil {
		sessions = joined(sessions, i.sync.TrackBFD)
	}
	weighted := slices.ContainsFunc(sessions, func(t Track) bool { return t.Weight.Value != 0 })
	if weighted && !d.weightsNoted["track_bfd"] {
		d.weightsNoted["track_bfd"] = true
		d.note(i.Pos, "track_bfd with a weight has no effect yet")
	}
}

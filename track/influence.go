package track

// Condition is how a tracked object is.
type Condition uint8

// The conditions.
const (
	Unknown Condition = iota // it has no result yet, and who depends on it waits
	Waived                   // it has no result yet, and nobody waits: it was added by a reload
	Up
	Down
)

// String is the condition in a word.
func (c Condition) String() string { return [...]string{"unknown", "waived", "up", "down"}[c] }

// Weight is what an object means to who tracks it.
type Weight struct {
	Value   int  // -254..254; 0: when it is down, who tracks it is in Fault
	Reverse bool // up and down change places; with a value, its sign is the other one
}

// Influence is what all objects that one virtual router tracks add up to.
type Influence struct {
	Add     int // to the base priority
	Faults  int // objects that demand Fault
	Pending int // objects without a result that hold who tracks them
	Unknown int // objects without a result, the pending ones among them
}

// Weigh adds one object. A positive weight counts while the object is up, a negative one while it is down.
func (i *Influence) Weigh(w Weight, c Condition) {
	if c == Unknown || c == Waived {
		i.Unknown++
		if w.Value == 0 && c == Unknown {
			i.Pending++
		}
		return
	}
	up := c == Up
	switch {
	case w.Value == 0:
		if up == w.Reverse {
			i.Faults++
		}
	case up == (w.Value > 0):
		i.Add += w.signed()
	}
}

// FileFault is what a tracked file comes to that demands Fault (keepalived.conf(5), track_file).
const FileFault = -254

// fileMost is the most that a tracked file adds.
const fileMost = 253

// WeighStatus adds a file with the number that is in it: it counts times the weight. Without a weight, any number but 0
// demands Fault.
func (i *Influence) WeighStatus(w Weight, status int) {
	if w.Value == 0 {
		if (status != 0) != w.Reverse {
			i.Faults++
		}
		return
	}
	switch n := status * w.signed(); {
	case n <= FileFault:
		i.Faults++
	default:
		i.Add += min(n, fileMost)
	}
}

// Plus is both influences together.
func (i Influence) Plus(o Influence) Influence {
	return Influence{i.Add + o.Add, i.Faults + o.Faults, i.Pending + o.Pending, i.Unknown + o.Unknown}
}

// Priority is the effective priority, 1 to 254. That of an owner of the addresses, 255, is never changed.
func (i Influence) Priority(base uint8) uint8 {
	if base == 255 {
		return base
	}
	return uint8(min(max(int(base)+i.Add, 1), 254))
}

func (w Weight) signed() int {
	if w.Reverse {
		return -w.Value
	}
	return w.Value
}

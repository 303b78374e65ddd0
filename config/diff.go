package config

import (
	"fmt"
	"reflect"

	"keepalived-go/parser"
)

// ChangeKind says what happened to an instance between two configurations.
type ChangeKind uint8

// The kinds of change.
const (
	Added ChangeKind = iota
	Removed
	Updated
)

// Change is one vrrp_instance that differs between two configurations.
type Change struct {
	Kind     ChangeKind
	Old, New Instance // Old is zero for Added, New for Removed
}

// Key identifies an instance over reloads and restarts, as upstream does: not by its name but by what makes it the
// same virtual router on the wire. Unicast and VMAC instances are others than those without.
func (in Instance) Key() string {
	key := fmt.Sprintf("%s/%d/ipv%d/%s", in.Interface, in.VRID, in.Family, in.MulticastGroup)
	if in.Unicast() {
		key += fmt.Sprintf("/unicast/%s", in.MulticastSource)
	}
	if in.Twin > 0 {
		key += fmt.Sprintf("/%d", in.Twin)
	}
	if in.VMAC.Use || in.IPVLAN.Use {
		key += "/vmac"
	}
	return key
}

// Diff lists the instances that were removed, changed and added, in this order and within it in the order of the
// configuration. Instances that are the same are not listed; where they stand in their files does not matter.
func Diff(before, after Config) []Change {
	olds := make(map[string]*Instance, len(before.Instances))
	for i := range before.Instances {
		olds[before.Instances[i].Key()] = &before.Instances[i]
	}
	var updated, added []Change
	kept := make(map[string]bool, len(after.Instances))
	for _, in := range after.Instances {
		key := in.Key()
		old, ok := olds[key]
		kept[key] = true
		switch {
		case !ok:
			added = append(added, Change{Kind: Added, New: in})
		case !sameInstance(*old, in):
			updated = append(updated, Change{Kind: Updated, Old: *old, New: in})
		}
	}
	var changes []Change
	for _, old := range before.Instances {
		if !kept[old.Key()] {
			changes = append(changes, Change{Kind: Removed, Old: old})
		}
	}
	return append(append(changes, updated...), added...)
}

func sameInstance(a, b Instance) bool {
	a.Pos, b.Pos = parser.Position{}, parser.Position{}
	return reflect.DeepEqual(a, b)
}

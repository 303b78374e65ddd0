package netif

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// parent is an interface whose settings are changed as long as it has users.
type parent struct {
	before ARPMode
	index  int // of the interface that was changed, 0: that is not known
	users  map[string]struct{}
}

// Adopt takes a link over that another process has made. before is how the settings of its parent were then.
func (v *VirtualLinks) Adopt(l VirtualLink, before ARPMode) {
	if l.IPVLAN || l.Family != 4 {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	p := v.parents[l.Parent]
	if p == nil {
		p = &parent{before: before, users: map[string]struct{}{}}
		v.parents[l.Parent] = p
	}
	p.users[l.Name] = struct{}{}
}

// Saved are the settings of the parents as they were before links were put on them, by name of the parent.
func (v *VirtualLinks) Saved() map[string]ARPMode {
	v.mu.Lock()
	defer v.mu.Unlock()
	saved := make(map[string]ARPMode, len(v.parents))
	for name, p := range v.parents {
		saved[name] = p.before
	}
	return saved
}

// former is what the host was like.
func (v *VirtualLinks) former() Former {
	parents := v.Saved()
	v.mu.Lock()
	defer v.mu.Unlock()
	return Former{Parents: parents, RPFilter: v.rpFilter}
}

func (v *VirtualLinks) tell() {
	if v.Tell != nil {
		v.Tell(v.former())
	}
}

// changedARP are the settings of a parent with users.
var changedARP = ARPMode{Ignore: 1, Filter: 1}

// takeOver notes what somebody else has set while it was changed. What is as it was changed to is nobody else's.
func (m *ARPMode) takeOver(now ARPMode) {
	if now.Ignore != changedARP.Ignore {
		m.Ignore = now.Ignore
	}
	if now.Filter != changedARP.Filter {
		m.Filter = now.Filter
	}
}

// use changes the settings of the parent for a macvlan of IPv4, and remembers what they were: the parent must not answer
// for the addresses of the link, nor the link for those of the parent. A parent that the link was on before gets its own
// settings back.
func (v *VirtualLinks) use(l VirtualLink, base detail) error {
	if l.IPVLAN || l.Family != 4 {
		return v.release(l.Name, "")
	}
	v.mu.Lock()
	p := v.parents[l.Parent]
	if p == nil {
		p = &parent{before: base.arp, users: map[string]struct{}{}}
		v.parents[l.Parent] = p
	}
	p.users[l.Name] = struct{}{}
	former := *p
	news := p.index != base.Index
	if news && p.index != 0 {
		p.before = base.arp // it is another interface than before
	}
	p.before.takeOver(base.arp)
	p.index = base.Index
	v.mu.Unlock()
	if news || base.arp != changedARP {
		v.tell()
	}
	if err := v.release(l.Name, l.Parent); err != nil {
		return err
	}
	if news && former.index != 0 {
		if err := v.restore(l.Parent, former); err != nil { // it has another name now
			return err
		}
	}
	if base.arp == changedARP {
		return nil
	}
	return v.conn.configure(base.Index, parentSettings)
}

// release ends the use of parents by the link of a name, which a reload may have moved, but for that of one parent.
func (v *VirtualLinks) release(name, except string) error {
	left, none := v.forget(name, except)
	if len(left) == 0 {
		return nil
	}
	defer v.tell()
	var errs []error
	if none {
		errs = append(errs, v.restoreRPFilter())
	}
	for dev, p := range left {
		errs = append(errs, v.restore(dev, p))
	}
	return errors.Join(errs...)
}

// forget takes a link out of the users of all parents but one, and returns those that nobody uses any more. none tells
// that no parent is in use at all.
func (v *VirtualLinks) forget(name, except string) (left map[string]parent, none bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	left = map[string]parent{}
	for dev, p := range v.parents {
		if _, uses := p.users[name]; !uses || dev == except {
			continue
		}
		delete(p.users, name)
		if len(p.users) == 0 {
			left[dev] = *p
			delete(v.parents, dev)
		}
	}
	return left, len(v.parents) == 0
}

// restore gives an interface its settings back that had the name when they were changed.
func (v *VirtualLinks) restore(name string, p parent) error {
	base, err := v.conn.link(name)
	if p.index != 0 && base.Index != p.index {
		base, err = v.conn.linkAt(p.index)
	}
	if errors.Is(err, unix.ENODEV) {
		return nil // it is gone, and its settings with it
	}
	if err == nil && base.arp != p.before {
		err = v.conn.configure(base.Index, []setting{{confARPIgnore, p.before.Ignore}, {confARPFilter, p.before.Filter}})
	}
	if err != nil {
		return fmt.Errorf("restoring the settings of %s: %w", name, err)
	}
	return nil
}

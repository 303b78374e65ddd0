package netif

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// firstDoomedGroup is where the search for a link group begins that nobody uses.
const firstDoomedGroup = 0x6b6c0000

// RemoveAll takes links away like Remove, all at once: the kernel needs about 20 ms for one link, and no more for
// hundreds of them if they are in one link group.
func (v *VirtualLinks) RemoveAll(list []VirtualLink) error {
	if len(list) == 1 {
		return v.Remove(list[0])
	}
	v.work.Lock()
	defer v.work.Unlock()
	errs := []error{v.removeGroup(list)}
	for _, l := range list {
		errs = append(errs, v.release(l.Name, ""))
	}
	return errors.Join(errs...)
}

// removeGroup puts the links into a group of their own and deletes that.
func (v *VirtualLinks) removeGroup(list []VirtualLink) error {
	s, err := v.conn.state()
	if err != nil {
		return err
	}
	group := freeGroup(s)
	some := false
	for _, l := range list {
		have, ok := s.ByName[l.Name]
		if !ok || have.Kind != kindMACVLAN && have.Kind != kindIPVLAN {
			continue
		}
		err := v.conn.setGroup(have.Index, group)
		if err != nil && !errors.Is(err, unix.ENODEV) {
			return fmt.Errorf("%s: %w", l.Name, err)
		}
		some = some || err == nil
	}
	if !some {
		return nil
	}
	r := nl.NewNetlinkRequest(unix.RTM_DELLINK, unix.NLM_F_ACK)
	r.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	r.AddData(nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(group)))
	if err := v.conn.call(r, nil); err != nil && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("removing %d links: %w", len(list), err)
	}
	return nil
}

// freeGroup is a link group without any link.
func freeGroup(s State) uint32 {
	used := map[uint32]bool{}
	for _, l := range s.ByIndex {
		used[l.Group] = true
	}
	group := uint32(firstDoomedGroup)
	for used[group] {
		group++
	}
	return group
}

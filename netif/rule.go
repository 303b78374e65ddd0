package netif

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Of linux/fib_rules.h, where netlink has no name for it.
const (
	fraProtocol   = 21
	fraIPProto    = 22
	fraSrcPorts   = 23
	fraDstPorts   = 24
	fraUIDs       = 20
	fraL3MDev     = 19
	fraPad        = 18
	fraSrcMask    = 28 // of ports
	fraDstMask    = 29
	ruleInvert    = 2
	ruleActionTbl = 1
	ruleGoto      = 2
)

// AddRule adds r. That the same rule is there already is success. The error names the preference and wraps the errno.
//
// The kernel says of a rule that it exists also where one differs in what it does not compare, such as `not`.
func (h *Handle) AddRule(r Rule) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	err := h.conn.call(ruleRequest(unix.RTM_NEWRULE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, r), nil)
	if errors.Is(err, unix.EEXIST) {
		err = h.conn.addBeside(r)
	}
	if err != nil {
		return fmt.Errorf("rule with preference %d: %w", r.Preference, err)
	}
	return nil
}

// addBeside adds a rule that the kernel takes for another one, unless it is there.
func (c *conn) addBeside(r Rule) error {
	list, err := c.rules(family(r.Family), r.Preference)
	if err != nil || heldOf(r).in(list) >= 0 {
		return err
	}
	return c.call(ruleRequest(unix.RTM_NEWRULE, unix.NLM_F_CREATE, r), nil)
}

// DeleteRule removes the rule that is as r is in everything. That it is not there is success.
func (h *Handle) DeleteRule(r Rule) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.conn.deleteRule(heldOf(r)); err != nil {
		return fmt.Errorf("rule with preference %d: %w", r.Preference, err)
	}
	return nil
}

// deleteRule finds the rule first: the kernel would delete the first one that has what the request has, whatever it has
// besides.
func (c *conn) deleteRule(r heldRule) error {
	list, err := c.rules(r.family, r.preference)
	at := r.in(list)
	if err != nil || at < 0 {
		return err
	}
	r = list[at]
	if slices.IndexFunc(list, r.takes) == at {
		return c.removeRule(r)
	}
	return c.deleteBehind(list, at)
}

// deleteBehind deletes a rule that the kernel takes for one in front of it. All rules from that one on are added once more,
// which has them at the end in their order; then the former ones are deleted from the front on, where each is the first
// that the kernel finds. So every other rule is there at any moment, and their order is the same in the end.
func (c *conn) deleteBehind(list []heldRule, at int) error {
	first := firstMoved(list, at)
	end, failure := len(list), error(nil)
	for i := first; i < len(list); i++ {
		if i == at {
			continue
		}
		if failure = c.call(list[i].request(unix.RTM_NEWRULE, unix.NLM_F_CREATE), nil); failure != nil {
			end = i // those before it have two now
			break
		}
	}
	var errs []error
	if end <= at {
		errs = append(errs, fmt.Errorf("%s cannot be deleted, the kernel would take %s for it, which cannot be moved: %w", list[at], list[end], failure))
	}
	for _, r := range list[first:end] {
		errs = append(errs, c.removeRule(r))
	}
	return errors.Join(errs...)
}

// firstMoved is the place from which on no request to delete a rule hits one before that place.
func firstMoved(list []heldRule, at int) int {
	first := at
	for i := at; i >= first; i-- {
		first = min(first, slices.IndexFunc(list, list[i].takes))
	}
	for i := at + 1; i < len(list); i++ {
		if hit := slices.IndexFunc(list, list[i].takes); hit < first {
			return firstMoved(list, hit)
		}
	}
	return first
}

func (c *conn) removeRule(r heldRule) error {
	if err := c.call(r.request(unix.RTM_DELRULE, 0), nil); !errors.Is(err, unix.ENOENT) {
		return err
	}
	return nil
}

func ruleRequest(kind, flags int, r Rule) *nl.NetlinkRequest {
	m := &nl.RtMsg{RtMsg: unix.RtMsg{Family: family(r.Family), Tos: r.TOS, Type: r.Action}}
	if r.Not {
		m.Flags |= ruleInvert
	}
	request := nl.NewNetlinkRequest(kind, flags|unix.NLM_F_ACK)
	request.AddData(m)
	add := func(on bool, kind int, data []byte) {
		if on {
			request.AddData(nl.NewRtAttr(kind, data))
		}
	}
	m.Src_len, m.Dst_len = selector(add, nl.FRA_SRC, r.From), selector(add, nl.FRA_DST, r.To)
	add(true, nl.FRA_PRIORITY, nl.Uint32Attr(r.Preference))
	add(r.IIF != "", nl.FRA_IIFNAME, nl.ZeroTerminated(r.IIF))
	add(r.OIF != "", nl.FRA_OIFNAME, nl.ZeroTerminated(r.OIF))
	add(r.FWMark.Set, nl.FRA_FWMARK, nl.Uint32Attr(r.FWMark.Value))
	add(r.FWMask.Set, nl.FRA_FWMASK, nl.Uint32Attr(r.FWMask.Value))
	add(r.TunnelID != 0, nl.FRA_TUN_ID, binary.BigEndian.AppendUint64(nil, r.TunnelID))
	add(r.UIDs.Set, fraUIDs, append(nl.Uint32Attr(r.UIDs.Value[0]), nl.Uint32Attr(r.UIDs.Value[1])...))
	add(r.IPProto.Set, fraIPProto, []byte{r.IPProto.Value})
	add(r.SrcPorts.Set, fraSrcPorts, ports(r.SrcPorts.Value))
	add(r.DstPorts.Set, fraDstPorts, ports(r.DstPorts.Value))
	add(r.Protocol != 0, fraProtocol, []byte{r.Protocol})
	add(r.L3MDev, fraL3MDev, []byte{1})
	add(r.Action == ruleActionTbl && !r.L3MDev, nl.FRA_TABLE, nl.Uint32Attr(r.Table))
	add(r.Action == ruleGoto, nl.FRA_GOTO, nl.Uint32Attr(r.Goto))
	add(r.Realms != 0, nl.FRA_FLOW, nl.Uint32Attr(r.Realms))
	add(r.SuppressPrefixLength.Set, nl.FRA_SUPPRESS_PREFIXLEN, nl.Uint32Attr(r.SuppressPrefixLength.Value))
	add(r.SuppressGroup.Set, nl.FRA_SUPPRESS_IFGROUP, nl.Uint32Attr(r.SuppressGroup.Value))
	return request
}

// selector adds a prefix and gives its length. One of length 0 is any.
func selector(add func(bool, int, []byte), kind int, p netip.Prefix) uint8 {
	if !p.IsValid() || p.Bits() == 0 {
		return 0
	}
	add(true, kind, p.Masked().Addr().AsSlice())
	return uint8(p.Bits())
}

func ports(p [2]uint16) []byte { return append(nl.Uint16Attr(p[0]), nl.Uint16Attr(p[1])...) }

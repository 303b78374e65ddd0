package netif

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

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
	ruleInvert    = 2
	ruleActionTbl = 1
	ruleGoto      = 2
)

// AddRule adds r. That a rule with the same selectors and action is there already is success. The error names the
// preference and wraps the errno.
func (h *Handle) AddRule(r Rule) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	err := h.conn.call(ruleRequest(unix.RTM_NEWRULE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, r), nil)
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("rule with preference %d: %w", r.Preference, err)
	}
	return nil
}

// DeleteRule removes the rule that is as r is. That it is not there is success.
func (h *Handle) DeleteRule(r Rule) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	err := h.conn.call(ruleRequest(unix.RTM_DELRULE, 0, r), nil)
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("rule with preference %d: %w", r.Preference, err)
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

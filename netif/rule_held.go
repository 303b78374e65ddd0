package netif

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// sizeofRule is the length of struct fib_rule_hdr.
const sizeofRule = 12

// heldRule is a rule of the kernel's, or one as the kernel would hold it: every attribute that says something, so that two
// rules are the same when these are equal, whatever the attributes are.
type heldRule struct {
	family, dst, src, tos, action uint8
	not                           bool
	preference                    uint32
	values                        map[uint16][]byte // by kind, without those that are as if they were missing
	raw                           []*nl.RtAttr      // as the kernel tells them, but for the preference
}

// selective are the attributes that the kernel compares when it looks for the rule to delete, if the request has them. Of
// all others, and of what is missing in the request, it takes whatever the rule has, and never looks at `not`.
var selective = []uint16{nl.FRA_DST, nl.FRA_SRC, nl.FRA_IIFNAME, nl.FRA_OIFNAME, nl.FRA_FWMARK, nl.FRA_FWMASK, nl.FRA_FLOW, nl.FRA_TUN_ID,
	nl.FRA_SUPPRESS_IFGROUP, nl.FRA_SUPPRESS_PREFIXLEN, nl.FRA_TABLE, fraL3MDev, fraUIDs, fraProtocol, fraIPProto, fraSrcPorts, fraDstPorts}

// same tells whether two rules are the same one.
func (r heldRule) same(o heldRule) bool {
	return r.family == o.family && r.dst == o.dst && r.src == o.src && r.tos == o.tos && r.action == o.action && r.not == o.not &&
		r.preference == o.preference && maps.EqualFunc(r.values, o.values, bytes.Equal)
}

// in is the place of r in a list, -1 for none.
func (r heldRule) in(list []heldRule) int {
	if at := slices.IndexFunc(list, r.same); at >= 0 {
		return at
	}
	return slices.IndexFunc(list, func(o heldRule) bool { return r.kept(o).same(o) })
}

// kept is r as the kernel of o keeps it, which passes over what it does not know: one before 4.17 the protocol with all
// that came at that time or before, one without classes of routes the realms.
func (r heldRule) kept(o heldRule) heldRule {
	unknown := []uint16{nl.FRA_FLOW}
	if _, told := o.values[fraProtocol]; !told {
		unknown = append(unknown, fraProtocol, fraIPProto, fraSrcPorts, fraDstPorts, fraSrcMask, fraDstMask, fraUIDs, fraL3MDev, nl.FRA_TUN_ID)
	}
	r.values = maps.Clone(r.values)
	for _, kind := range unknown {
		if _, told := o.values[kind]; !told {
			delete(r.values, kind)
		}
	}
	return r
}

// takes tells whether a request to delete r may hit o.
func (r heldRule) takes(o heldRule) bool {
	either := func(request, held uint8) bool { return request == 0 || request == held }
	if !either(r.dst, o.dst) || !either(r.src, o.src) || !either(r.tos, o.tos) || !either(r.action, o.action) {
		return false
	}
	for _, kind := range selective {
		if v, set := r.values[kind]; set && !bytes.Equal(v, o.values[kind]) {
			return false
		}
	}
	return r.family == o.family && r.preference == o.preference
}

// parseRule reads the body of an RTM_NEWRULE message.
func parseRule(data []byte) (heldRule, bool) {
	if len(data) < sizeofRule {
		return heldRule{}, false
	}
	m := nl.DeserializeRtMsg(data)
	list, err := nl.ParseRouteAttr(data[sizeofRule:])
	if err != nil {
		return heldRule{}, false
	}
	r := heldRule{family: m.Family, dst: m.Dst_len, src: m.Src_len, tos: m.Tos, action: m.Type, not: m.Flags&ruleInvert != 0, values: map[uint16][]byte{}}
	if m.Table != 0 {
		r.values[nl.FRA_TABLE] = nl.Uint32Attr(uint32(m.Table))
	}
	for _, a := range list {
		kind := a.Attr.Type & nl.NLA_TYPE_MASK
		if kind == nl.FRA_PRIORITY {
			r.preference = native32(a.Value)
			continue
		}
		r.values[kind] = bytes.Clone(a.Value)
		r.raw = append(r.raw, nl.NewRtAttr(int(kind), r.values[kind]))
	}
	r.settle()
	return r, true
}

// settle leaves out what is as if it were missing, and adds the mask that the kernel adds to a mark.
func (r *heldRule) settle() {
	for _, kind := range []uint16{nl.FRA_SUPPRESS_PREFIXLEN, nl.FRA_SUPPRESS_IFGROUP} {
		if native32(r.values[kind]) == ^uint32(0) {
			delete(r.values, kind)
		}
	}
	_, masked := r.values[nl.FRA_FWMASK]
	if native32(r.values[nl.FRA_FWMARK]) != 0 && !masked {
		r.values[nl.FRA_FWMASK] = nl.Uint32Attr(^uint32(0))
	}
	for _, kind := range []uint16{fraSrcMask, fraDstMask} {
		if bytes.Equal(r.values[kind], []byte{0xff, 0xff}) {
			delete(r.values, kind)
		}
	}
	zeroMeansAny := []uint16{nl.FRA_TABLE, nl.FRA_FWMARK, nl.FRA_FWMASK, nl.FRA_FLOW, nl.FRA_TUN_ID, nl.FRA_GOTO, fraL3MDev, fraProtocol, fraIPProto}
	maps.DeleteFunc(r.values, func(kind uint16, v []byte) bool {
		zero := len(bytes.Trim(v, "\x00")) == 0
		return kind == fraPad || kind == nl.FRA_SRC && r.src == 0 || kind == nl.FRA_DST && r.dst == 0 || zero && slices.Contains(zeroMeansAny, kind)
	})
}

// request asks the kernel to add r, or to delete the first one that it takes for r.
func (r heldRule) request(kind, flags int) *nl.NetlinkRequest {
	m := &nl.RtMsg{RtMsg: unix.RtMsg{Family: r.family, Dst_len: r.dst, Src_len: r.src, Tos: r.tos, Type: r.action}}
	if r.not {
		m.Flags = ruleInvert
	}
	request := nl.NewNetlinkRequest(kind, flags|unix.NLM_F_ACK)
	request.AddData(m)
	request.AddData(nl.NewRtAttr(nl.FRA_PRIORITY, nl.Uint32Attr(r.preference)))
	for _, a := range r.raw {
		if a.Type != fraPad {
			request.AddData(a)
		}
	}
	return request
}

// heldOf is r as the kernel would hold it.
func heldOf(r Rule) heldRule {
	held, _ := parseRule(ruleRequest(unix.RTM_NEWRULE, 0, r).Serialize()[unix.SizeofNlMsghdr:])
	return held
}

// rules reads the rules of one family with one preference, in the kernel's order.
func (c *conn) rules(family uint8, preference uint32) ([]heldRule, error) {
	var list []heldRule
	var err error
	for range readTries {
		list = list[:0]
		request := nl.NewNetlinkRequest(unix.RTM_GETRULE, unix.NLM_F_DUMP)
		request.AddData(&nl.RtMsg{RtMsg: unix.RtMsg{Family: family}})
		err = c.call(request, func(data []byte) {
			if r, ok := parseRule(data); ok && r.family == family && r.preference == preference {
				list = append(list, r)
			}
		})
		if !errors.Is(err, errInterrupted) {
			break
		}
	}
	return list, err
}

// String names the rule by what tells it from others of its preference.
func (r heldRule) String() string {
	words := []string{fmt.Sprintf("%d:", r.preference)}
	if r.not {
		words = append(words, "not")
	}
	for _, s := range []struct {
		name string
		kind uint16
		bits uint8
	}{{"from", nl.FRA_SRC, r.src}, {"to", nl.FRA_DST, r.dst}} {
		if a, ok := netip.AddrFromSlice(r.values[s.kind]); ok {
			words = append(words, s.name, netip.PrefixFrom(a, int(s.bits)).String())
		}
	}
	for _, n := range []struct {
		name string
		kind uint16
	}{{"iif", nl.FRA_IIFNAME}, {"oif", nl.FRA_OIFNAME}} {
		if v, ok := r.values[n.kind]; ok {
			words = append(words, n.name, unix.ByteSliceToString(v))
		}
	}
	for _, n := range []struct {
		name string
		kind uint16
	}{{"fwmark", nl.FRA_FWMARK}, {"table", nl.FRA_TABLE}, {"goto", nl.FRA_GOTO}} {
		if v, ok := r.values[n.kind]; ok {
			words = append(words, n.name, fmt.Sprint(native32(v)))
		}
	}
	return strings.Join(words, " ")
}

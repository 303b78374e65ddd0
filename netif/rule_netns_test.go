package netif

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Rules of one preference and table that the kernel takes for each other.
var (
	wideRule   = Rule{Family: 4, Preference: 500, Action: 1, Table: 100, From: prefix("10.9.0.0/24"), Protocol: 18}
	narrowRule = with(wideRule, func(r *Rule) { r.FWMark = Optional[uint32]{1, true} })
	otherRule  = with(wideRule, func(r *Rule) { r.Not = true })
	anyRule    = with(wideRule, func(r *Rule) { r.From = prefix("0.0.0.0/0") })
	thirdRule  = with(wideRule, func(r *Rule) { r.From, r.Table = prefix("10.8.0.0/24"), 200 })
)

func with(r Rule, change func(*Rule)) Rule { change(&r); return r }

// ruleLines are the rules with the preference of the tests, in their order.
func ruleLines(t *testing.T) string {
	t.Helper()
	var list []string
	for line := range strings.Lines(string(ip(t, "-d rule show"))) {
		if rest, ok := strings.CutPrefix(line, "500:"); ok {
			list = append(list, strings.Join(strings.Fields(rest), " "))
		}
	}
	return strings.Join(list, "\n")
}

func heldRules(t *testing.T, h *Handle) []heldRule {
	t.Helper()
	list, err := h.conn.rules(family(4), 500)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestSimilarRules takes one rule after another away, in every order, and expects the others to be as they were.
func TestSimilarRules(t *testing.T) {
	h := wayOut(t)
	rules := []Rule{narrowRule, otherRule, thirdRule, wideRule, anyRule, with(narrowRule, func(r *Rule) { r.To = prefix("10.7.0.0/16") })}
	for turn := range rules {
		var left []string
		for _, r := range rules {
			before := ruleLines(t)
			for range 2 {
				if err := h.AddRule(r); err != nil {
					t.Fatal(err)
				}
			}
			line, fresh := strings.CutPrefix(ruleLines(t), before)
			if !fresh || line == "" {
				t.Fatalf("%v was not added to:\n%s", heldOf(r), before)
			}
			left = append(left, strings.TrimSpace(line))
		}
		order := append(append([]Rule{}, rules[turn:]...), rules[:turn]...)
		texts := append(append([]string{}, left[turn:]...), left[:turn]...)
		for i, r := range order {
			for range 2 {
				if err := h.DeleteRule(r); err != nil {
					t.Fatal(err)
				}
			}
			for j, text := range left {
				if text == texts[i] {
					left = append(left[:j], left[j+1:]...)
					break
				}
			}
			if got, want := ruleLines(t), strings.Join(left, "\n"); got != want {
				t.Fatalf("turn %d, without %v:\n%s\nwant:\n%s", turn, heldOf(r), got, want)
			}
		}
	}
}

// TestRuleOfOthers deletes a rule without a protocol, and one that is not there, and leaves those that others have made,
// with options that a Rule does not know.
func TestRuleOfOthers(t *testing.T) {
	h := wayOut(t)
	ip(t, "rule add from 10.9.0.0/24 fwmark 0x1 table 100 preference 500")
	const fraDSCP = 25
	foreign := heldOf(otherRule)
	foreign.raw = append(foreign.raw, nl.NewRtAttr(fraDSCP, []byte{7}))
	if err := h.conn.call(foreign.request(unix.RTM_NEWRULE, unix.NLM_F_CREATE), nil); err != nil {
		t.Fatal(err)
	}
	theirs := heldRules(t, h)
	ours := with(wideRule, func(r *Rule) { r.Protocol = 0 })
	for range 2 {
		if err := h.AddRule(ours); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := h.DeleteRule(ours); err != nil {
			t.Fatal(err)
		}
	}
	got := heldRules(t, h)
	if !slices.EqualFunc(got, theirs, heldRule.same) {
		t.Errorf("left: %v, want %v", got, theirs)
	}
}

// TestHeldRule has a rule with every option be the same as what the kernel says of it.
func TestHeldRule(t *testing.T) {
	h := wayOut(t)
	r := Rule{Family: 4, Preference: 500, Action: 1, Table: 1000, Not: true, From: prefix("10.9.0.7/24"), To: prefix("10.8.0.0/16"), IIF: "way0", OIF: "none0",
		TOS: 0x10, FWMark: Optional[uint32]{5, true}, FWMask: Optional[uint32]{255, true}, TunnelID: 7, UIDs: Optional[[2]uint32]{[2]uint32{0, 6}, true},
		IPProto: Optional[uint8]{17, true}, SrcPorts: Optional[[2]uint16]{[2]uint16{53, 53}, true}, DstPorts: Optional[[2]uint16]{[2]uint16{3, 4}, true},
		Realms: 3<<16 | 4, SuppressPrefixLength: Optional[uint32]{0, true}, SuppressGroup: Optional[uint32]{2, true}, Protocol: 18}
	if err := h.AddRule(r); err != nil {
		t.Fatal(err)
	}
	list := heldRules(t, h)
	if len(list) != 1 || !list[0].same(heldOf(r)) {
		t.Fatalf("%+v\nwant %+v", list, heldOf(r))
	}
	if got, want := list[0].String(), "500: not from 10.9.0.0/24 to 10.8.0.0/16 iif way0 oif none0 fwmark 5 table 1000"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestFirstMoved has no rule of those that are moved be taken for one in front of them.
func TestFirstMoved(t *testing.T) {
	for _, tt := range []struct {
		name string
		list []Rule
		at   int
		want int
	}{
		{"the first one", []Rule{wideRule, narrowRule}, 0, 0},
		{"behind one that it takes", []Rule{thirdRule, narrowRule, wideRule}, 2, 1},
		{"one between takes another one", []Rule{thirdRule, narrowRule, with(thirdRule, func(r *Rule) { r.Not = true }), wideRule}, 3, 0},
		{"one behind takes another one", []Rule{thirdRule, narrowRule, wideRule, with(thirdRule, func(r *Rule) { r.Not = true })}, 2, 0},
	} {
		var list []heldRule
		for _, r := range tt.list {
			list = append(list, heldOf(r))
		}
		if got := firstMoved(list, tt.at); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// TestRuleOfOldKernel finds a rule that has lost its protocol, behind one that has it.
func TestRuleOfOldKernel(t *testing.T) {
	r := Rule{Family: 4, Preference: 100, Action: ruleActionTbl, Table: 100, From: netip.MustParsePrefix("192.0.2.1/32"), Protocol: 18}
	bare, other := r, r
	bare.Protocol, other.Not = 0, true
	for _, row := range []struct {
		list []Rule
		want int
	}{{nil, -1}, {[]Rule{other, bare}, 1}, {[]Rule{bare, r}, 1}, {[]Rule{other}, -1}} {
		var list []heldRule
		for _, one := range row.list {
			list = append(list, heldOf(one))
		}
		if got := heldOf(r).in(list); got != row.want {
			t.Errorf("%v: %d", row.list, got)
		}
	}
}

// TestRuleOfPoorKernel: one before 4.17 keeps neither the protocol nor ip protocol and ports; one without CONFIG_IP_ROUTE_CLASSID keeps no realms.
func TestRuleOfPoorKernel(t *testing.T) {
	base := wideRule
	for name, c := range map[string]struct {
		r    Rule
		gone []uint16
	}{
		"ipproto <4.17": {with(base, func(r *Rule) { r.IPProto = Optional[uint8]{6, true} }), []uint16{fraProtocol, fraIPProto}},
		"ports <4.17": {with(base, func(r *Rule) {
			r.IPProto = Optional[uint8]{6, true}
			r.DstPorts = Optional[[2]uint16]{[2]uint16{80, 80}, true}
		}), []uint16{fraProtocol, fraIPProto, fraDstPorts}},
		"uid <4.10":          {with(base, func(r *Rule) { r.UIDs = Optional[[2]uint32]{[2]uint32{1, 2}, true} }), []uint16{fraProtocol, fraUIDs}},
		"realms, no CLASSID": {with(base, func(r *Rule) { r.Realms = 5 }), []uint16{nl.FRA_FLOW}},
	} {
		held := heldOf(c.r)
		for _, k := range c.gone {
			delete(held.values, k)
		}
		if heldOf(c.r).in([]heldRule{held}) < 0 {
			t.Errorf("%s: it is not found", name)
		}
		if held.values[fraProtocol] != nil && name != "realms, no CLASSID" {
			t.Errorf("%s: the row says nothing", name)
		}
	}
}

// TestRuleOfSomebody does not take a rule of somebody else for one of ours that says more.
func TestRuleOfSomebody(t *testing.T) {
	ours := with(wideRule, func(r *Rule) { r.IPProto = Optional[uint8]{6, true} })
	if at := heldOf(ours).in([]heldRule{heldOf(wideRule)}); at >= 0 {
		t.Error("it does")
	}
}

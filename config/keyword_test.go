package config

import (
	"fmt"
	"strconv"
	"testing"

	"keepalived-go/parser"
)

// decodeText reads a text on a host where everything exists.
func decodeText(t *testing.T, text string) (Config, []parser.Diagnostic) {
	t.Helper()
	return decodeOn(t, text, Env{HostName: "host"})
}

func decodeOn(t *testing.T, text string, env Env) (Config, []parser.Diagnostic) {
	t.Helper()
	src, diags := parser.ReadString("test.conf", text, parser.Options{ConfigID: "id"})
	tree, more := parser.Parse(src)
	c, rest := Decode(tree, env)
	return c, append(append(diags, more...), rest...)
}

// status is the exit status of -t that diagnostics ask for.
func status(diags []parser.Diagnostic) parser.Status {
	var s parser.Status
	for _, d := range diags {
		if d.Status == parser.StatusMissing {
			return d.Status
		}
		s = max(s, d.Status)
	}
	return s
}

// shells are the blocks whose rows the tests below go through, with a text that is complete but for one line.
var shells = map[string]string{
	"global_defs":        "global_defs {\n%s\n}\n",
	"vrrp_instance":      "vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\n%s\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n",
	"vrrp_script":        "vrrp_script S {\nscript /bin/true\n%s\n}\n",
	"track_file":         "track_file F {\nfile /tmp/f\n%s\n}\n",
	"vrrp_track_process": "vrrp_track_process P {\nprocess p\n%s\n}\n",
	"garp_group":         "garp_group {\ngarp_interval 1\ngna_interval 1\ninterface eth0\n%s\n}\n",
}

// line is one line to try with the exit status that it must give.
type trial struct {
	line string
	want parser.Status
}

// trials are the lines that follow from a row's Arg: the ends of the range, what is just outside, and rubbish.
func trials(k *Keyword) []trial {
	const ok, bad = parser.StatusOK, parser.StatusConfig
	number := func(v int64) string {
		if k.Arg.Kind == Decimal {
			return formatDecimal(v, k.Arg.Digits)
		}
		return strconv.FormatInt(v, 10)
	}
	out := []trial{{k.Name + " 5x", bad}, {k.Name + " rubbish", bad}}
	switch k.Arg.Kind {
	case Flag:
		return []trial{{k.Name, ok}, {k.Name + " surplus words", ok}}
	case Bool:
		out = []trial{{k.Name, ok}, {k.Name + " maybe", bad}, {k.Name + " TRUE", bad}}
		for _, w := range []string{"on", "off", "true", "false", "yes", "no"} {
			out = append(out, trial{k.Name + " " + w, ok})
		}
		return out
	case Text:
		out = []trial{{k.Name + " some_word", ok}}
	case Addr:
		out = []trial{{k.Name + " 300.1.1.1", bad}}
	case Int, Decimal:
		low := ok
		if k.Arg.One && k.Arg.Min == 0 {
			low = bad
		}
		out = append(out, trial{k.Name + " " + number(k.Arg.Min), low}, trial{k.Name + " " + number(k.Arg.Max), ok})
		if k.Arg.Max < 1<<40 {
			out = append(out, trial{k.Name + " " + number(k.Arg.Max+1), bad})
		}
		if k.Arg.Min > 0 || k.Arg.Kind == Int {
			out = append(out, trial{k.Name + " " + number(k.Arg.Min-1), bad})
		}
	}
	missing := parser.StatusMissing
	if k.Arg.Lax {
		missing = bad
	}
	return append(out, trial{k.Name, missing})
}

// special rows have rules beyond their Arg, which other tests look at.
var special = map[string]bool{
	"vrrp_rt_priority": true, "checker_rt_priority": true, "bfd_rt_priority": true, // limited, not refused
	"accept": true, "owner_ignore_adverts": true, // depend on other settings
	"strict_mode": true, "native_ipv6": true, "unicast_ttl": true, "vmac_xmit_base": true,
	"check_unicast_src": true, "unicast_fault_no_peer": true, "linkbeat_use_polling": true,
	"advert_int": true, // rounded by version
	"quorum_max": true, "global_tracking": true,
}

func TestArguments(t *testing.T) {
	tried := 0
	for block, shell := range shells {
		for i := range language().root.byName[block].Block.Keywords {
			k := &language().root.byName[block].Block.Keywords[i]
			if k.Arg.Kind == Free || special[k.Name] || k.Block != nil {
				continue
			}
			if k.Do != nil && (k.Arg.Kind == Text || k.Arg.Kind == Flag) {
				continue
			}
			for _, tr := range trials(k) {
				_, diags := decodeText(t, fmt.Sprintf(shell, tr.line))
				if got := status(diags); got != tr.want {
					t.Errorf("%s: %q gives status %d, want %d: %v", block, tr.line, got, tr.want, diags)
				}
				tried++
			}
		}
	}
	if tried < 500 {
		t.Errorf("only %d lines were tried", tried)
	}
}

// A decoded value must arrive: reading the largest value must change the configuration.
func TestValuesArrive(t *testing.T) {
	for block, shell := range shells {
		without, _ := decodeText(t, fmt.Sprintf(shell, ""))
		for i := range language().root.byName[block].Block.Keywords {
			k := &language().root.byName[block].Block.Keywords[i]
			if k.Into == nil || k.Arg.Kind != Int && k.Arg.Kind != Text || special[k.Name] || k.Do != nil {
				continue
			}
			values := []string{"some_word"}
			if k.Arg.Kind == Int {
				values = []string{strconv.FormatInt(k.Arg.Max, 10), strconv.FormatInt(k.Arg.Min, 10)}
			}
			changed := false
			for _, v := range values {
				with, _ := decodeText(t, fmt.Sprintf(shell, k.Name+" "+v))
				changed = changed || fmt.Sprintf("%+v", with) != fmt.Sprintf("%+v", without)
			}
			if !changed {
				t.Errorf("%s: %s %v changes nothing", block, k.Name, values)
			}
		}
	}
}

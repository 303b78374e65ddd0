package config

import (
	"testing"
	"testing/fstest"
)

func TestNamesOfIproute2(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	files := fstest.MapFS{
		"usr/share/iproute2/rt_tables":               file("200 shared\n201 both\n"),
		"etc/iproute2/rt_tables":                     file("# comment\n\n0x65 own\n101 second # of the same number\n102 own\nx bad\n-1 bad\n4294967296 bad\n103\n103 two words\n254 principal\n"),
		"usr/share/iproute2/rt_tables.d/a.conf":      file("300 folder\n"),
		"usr/share/iproute2/rt_tables.d/b.conf":      file("301 replaced\n"),
		"etc/iproute2/rt_tables.d/b.conf":            file("302 replacement\n"),
		"etc/iproute2/rt_tables.d/.hidden.conf":      file("303 hidden\n"),
		"etc/iproute2/rt_tables.d/README":            file("304 readme\n"),
		"usr/share/iproute2/rt_protos":               file("186 bgp\n999 large\n"),
		"elsewhere/rt_tables":                        file("400 other\n"),
		"etc/iproute2/rt_scopes/this-is-a-directory": file("1 x\n"),
	}
	for _, c := range []struct {
		name, global string
		kind         *nameKind
		want         map[string]uint32 // those that must be there
		absent       []string
	}{
		{"own file before the shared one", "", tableNames, map[string]uint32{"own": 101, "second": 101, "folder": 300, "replacement": 302},
			[]string{"shared", "replaced", "hidden", "readme", "bad", "two", "x"}},
		{"built in unless the number has a name", "", tableNames, map[string]uint32{"local": 255, "default": 253, "principal": 254}, []string{"main"}},
		{"shared file", "", protoNames, map[string]uint32{"bgp": 186, "static": 4}, []string{"large", "keepalived"}},
		{"a folder is no file", "", scopeNames, map[string]uint32{"link": 253}, []string{"x"}},
		{"no file", "", realmNames, nil, []string{"cosmos"}},
		{"other directory", "iproute_etc_dir /elsewhere/", tableNames, map[string]uint32{"other": 400, "folder": 300, "replaced": 301, "main": 254}, []string{"own", "shared"}},
		{"other shared directory", "iproute_usr_dir /elsewhere\niproute_etc_dir /none", tableNames, map[string]uint32{"other": 400}, []string{"folder", "replacement"}},
	} {
		d := newDecoder(mustParse(t, "global_defs {\n"+c.global+"\n}\n"), Env{Files: files})
		d.level(d.table.root, 0, false)
		got := d.names(c.kind)
		for name, id := range c.want {
			if v, ok := got[name]; !ok || v != id {
				t.Errorf("%s: %s is %d (%v), want %d", c.name, name, v, ok, id)
			}
		}
		for _, name := range c.absent {
			if _, ok := got[name]; ok {
				t.Errorf("%s: %s is there", c.name, name)
			}
		}
	}
}

func TestProtocolNames(t *testing.T) {
	with := newDecoder(mustParse(t, ""), Env{Files: fstest.MapFS{"etc/protocols": {Data: []byte("# x\nsctp 132 SCTP # y\nbad x\nlarge 300\nhopopt 0\n")}}})
	names := with.protocols()
	if names["sctp"] != 132 || names["SCTP"] != 132 || len(names) != 3 {
		t.Errorf("%v", names)
	}
	without := newDecoder(mustParse(t, ""), Env{Files: fstest.MapFS{}})
	if names := without.protocols(); names["udp"] != 17 {
		t.Errorf("without the file: %v", names)
	}
}

func TestCNumber(t *testing.T) {
	for _, c := range []struct {
		in   string
		base int
		want cNum
	}{
		{"12x", 10, cNum{value: 12, digits: true, rest: "x"}},
		{" +12", 10, cNum{value: 12, digits: true}},
		{"-1", 10, cNum{value: 1<<64 - 1, negative: true, digits: true}},
		{"0x1F", 0, cNum{value: 31, digits: true}},
		{"0x", 0, cNum{digits: true, rest: "x"}},
		{"010", 0, cNum{value: 8, digits: true}},
		{"08", 0, cNum{digits: true, rest: "8"}},
		{"010", 10, cNum{value: 10, digits: true}},
		{"99999999999999999999", 10, cNum{value: 1<<64 - 1, overflow: true, digits: true}},
		{"-", 0, cNum{negative: true, rest: "-"}},
		{"abc", 0, cNum{rest: "abc"}},
		{"", 0, cNum{}},
	} {
		if got := cNumber(c.in, c.base); got != c.want {
			t.Errorf("%q: %+v, want %+v", c.in, got, c.want)
		}
	}
}

// The group of an interface that is created is a name of iproute2 or a number.
func TestLinkGroups(t *testing.T) {
	for _, c := range []struct {
		line string
		vmac VMAC
		lan  IPVLAN
		says string
	}{
		{"use_vmac group uplinks", VMAC{Use: true, Group: some(uint32(7))}, IPVLAN{}, ""},
		{"use_vmac v1 group 0x10", VMAC{Use: true, Name: "v1", Group: some(uint32(16))}, IPVLAN{}, ""},
		{"use_vmac group uplink", VMAC{Use: true}, IPVLAN{}, `there is no interface group "uplink"`},
		{"use_vmac group 2147483648", VMAC{Use: true}, IPVLAN{}, "no interface group"},
		{"use_ipvlan group default", VMAC{}, IPVLAN{Use: true, Group: some(uint32(0))}, ""},
		{"use_ipvlan group 9 vepa", VMAC{}, IPVLAN{Use: true, Group: some(uint32(9)), Mode: "vepa"}, ""},
		{"use_ipvlan group x", VMAC{}, IPVLAN{Use: true}, "no interface group"},
	} {
		got, diags := decodeOn(t, "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\n"+c.line+"\n"+vip+"}\n", routeHost())
		if in := got.Instances[0]; in.VMAC != c.vmac || in.IPVLAN != c.lan || !says(diags, c.says) {
			t.Errorf("%s: %+v %+v %v", c.line, in.VMAC, in.IPVLAN, diags)
		}
	}
}

package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"keepalived-go/netif"
	"keepalived-go/parser"
)

// The generators make configurations as Decode gives them: with nothing in them that a rule would change.

var genName = rapid.StringMatching(`[A-Za-z_][A-Za-z0-9_.-]{0,12}`)

func genIPv4(t *rapid.T) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(rapid.IntRange(0, 255).Draw(t, "b")), byte(rapid.IntRange(0, 255).Draw(t, "c")), byte(rapid.IntRange(1, 254).Draw(t, "d"))})
}

func genArgv(t *rapid.T) []string {
	word := rapid.StringMatching(`[ -~]{0,8}`)
	return append([]string{"/bin/" + genName.Draw(t, "command")}, rapid.SliceOfN(word, 0, 3).Draw(t, "arguments")...)
}

func genScript(t *rapid.T) Script {
	if rapid.Bool().Draw(t, "no script") {
		return Script{}
	}
	s := Script{Argv: genArgv(t)}
	if rapid.Bool().Draw(t, "with user") {
		s.User = "root"
		s.Group = rapid.SampledFrom([]string{"", "adm"}).Draw(t, "group")
		s.Supplement = s.Group != "" && rapid.Bool().Draw(t, "supplementary")
	}
	return s
}

func genAddress(t *rapid.T, n int) Address {
	a := Address{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, byte(n >> 8), byte(n)}), rapid.IntRange(8, 32).Draw(t, "bits")), Dev: "eth0", PreferredLife: netif.Forever}
	a.Dev = rapid.SampledFrom([]string{"eth0", "eth1"}).Draw(t, "dev")
	a.Scope = rapid.SampledFrom([]uint8{0, 200, 253, 254, 77}).Draw(t, "scope")
	a.NoPrefixRoute, a.AutoJoin, a.NoTrack = rapid.Bool().Draw(t, "npr"), rapid.Bool().Draw(t, "auto"), rapid.Bool().Draw(t, "nt")
	a.HomeAddress, a.MngTmpAddr = rapid.Bool().Draw(t, "home"), rapid.Bool().Draw(t, "tmp")
	if rapid.Bool().Draw(t, "peer") {
		p := genIPv4(t)
		a.Peer = netip.PrefixFrom(p, 32)
		a.Prefix = netip.PrefixFrom(a.Prefix.Addr(), 32)
	} else if rapid.Bool().Draw(t, "brd") {
		a.Broadcast = genIPv4(t)
	}
	if rapid.Bool().Draw(t, "life") {
		a.PreferredLife = rapid.Uint32Range(0, 1<<31).Draw(t, "seconds")
	}
	if rapid.Bool().Draw(t, "label") {
		a.Label = "eth0:x"
	}
	return a
}

func genAddresses(t *rapid.T, from, least int) []Address {
	var out []Address
	for i := range rapid.IntRange(least, 4).Draw(t, "addresses") {
		out = append(out, genAddress(t, from+i))
	}
	return out
}

func genDuration(t *rapid.T, unit time.Duration, lo, hi int64, label string) time.Duration {
	return time.Duration(rapid.Int64Range(lo, hi).Draw(t, label)) * unit
}

func genTracks(t *rapid.T, names []string, reach int) []Track {
	var out []Track
	for _, n := range names {
		if rapid.Bool().Draw(t, "tracked") {
			w := Weight{Value: rapid.IntRange(-reach, reach).Draw(t, "weight"), Reverse: rapid.Bool().Draw(t, "reverse")}
			out = append(out, Track{Name: n, Weight: w})
		}
	}
	return out
}

func genInstance(t *rapid.T, n int, c *Config) Instance {
	in := Instance{
		Name: fmt.Sprintf("VI_%d", n), Interface: "eth0", VRID: uint8(n + 1), Family: 4,
		Version: rapid.IntRange(2, 3).Draw(t, "version"), Priority: uint8(rapid.IntRange(1, 254).Draw(t, "priority")),
		DownAdverts: rapid.IntRange(1, 100).Draw(t, "down"), Accept: true,
	}
	in.AdvertInt = genDuration(t, time.Second, 1, 40, "interval")
	if in.Version == 3 {
		in.AdvertInt = genDuration(t, 10*time.Millisecond, 1, 4095, "interval")
	} else if rapid.Bool().Draw(t, "auth") {
		in.AuthType, in.AuthPass = AuthPass, rapid.StringMatching(`[a-z0-9#! ]{1,8}`).Draw(t, "pass")
	}
	if in.AuthType == AuthNone && rapid.Bool().Draw(t, "hmac") {
		in.HMAC = genHMAC(t)
	}
	in.StateMaster = rapid.Bool().Draw(t, "master")
	if !in.StateMaster {
		in.NoPreempt = rapid.Bool().Draw(t, "nopreempt")
		if !in.NoPreempt {
			in.PreemptDelay = genDuration(t, time.Microsecond, 0, 1e9, "preempt")
		}
	}
	in.Addresses, in.ExcludedAddresses = genAddresses(t, n*16, 1), genAddresses(t, n*16+8, 0)
	in.MulticastGroup = netip.MustParseAddr(rapid.SampledFrom([]string{"224.0.0.18", "224.0.0.200"}).Draw(t, "group"))
	if rapid.Bool().Draw(t, "source") {
		in.MulticastSource = genIPv4(t)
		in.TrackSource = rapid.Bool().Draw(t, "track source")
	}
	if rapid.Bool().Draw(t, "unicast") {
		genUnicast(t, &in, c.Global)
	}
	in.LowerPrioNoAdvert, in.HigherPrioSendAdvert = rapid.Bool().Draw(t, "lower"), rapid.Bool().Draw(t, "higher")
	in.SkipCheckAdvAddr, in.DontTrackPrimary = rapid.Bool().Draw(t, "skip"), rapid.Bool().Draw(t, "dont")
	in.V3ChecksumAsV2, in.SMTPAlert = rapid.Bool().Draw(t, "sum"), rapid.Bool().Draw(t, "mail")
	in.ReceiveBuffer = rapid.IntRange(0, 1<<20).Draw(t, "buffer")
	in.GARP = GARP{
		MasterDelay: genDuration(t, time.Second, 0, 4294, "d"), MasterRepeat: rapid.IntRange(1, 99).Draw(t, "r"),
		Refresh: genDuration(t, time.Second, 0, 9999, "f"), RefreshRepeat: rapid.IntRange(1, 99).Draw(t, "fr"),
		LowerPrioDelay: genDuration(t, time.Second, 0, 4294, "ld"), LowerPrioRepeat: rapid.IntRange(0, 99).Draw(t, "lr"),
	}
	in.NotifyMaster, in.NotifyBackup, in.Notify = genScript(t), genScript(t), genScript(t)
	in.NotifyFault, in.NotifyStop, in.NotifyMasterRxLowerPri = genScript(t), genScript(t), genScript(t)
	in.TrackInterfaces = genTracks(t, []string{"eth1", "eth2"}, 253)
	in.TrackScripts = genTracks(t, names(c.Scripts, func(s TrackScript) string { return s.Name }), 253)
	in.TrackFiles = genTracks(t, names(c.TrackFiles, func(f TrackFile) string { return f.Name }), 254)
	in.TrackProcesses = genTracks(t, names(c.TrackProcesses, func(p TrackProcess) string { return p.Name }), 254)
	if rapid.Bool().Draw(t, "routes") {
		in.Routes = rapid.SliceOfN(rapid.Custom(genRoute), 1, 3).Draw(t, "routes")
		in.Rules = rapid.SliceOfN(rapid.Custom(genRule), 1, 3).Draw(t, "rules")
	}
	return in
}

// genUnicast makes an instance that has peers in place of a group.
func genUnicast(t *rapid.T, in *Instance, g Global) {
	in.MulticastGroup = netip.Addr{}
	in.UnicastTTL = rapid.IntRange(1, 255).Draw(t, "ttl")
	in.CheckUnicastSource = rapid.Bool().Draw(t, "check source")
	for i := range rapid.IntRange(1, 3).Draw(t, "peers") {
		least := rapid.Uint8().Draw(t, "least")
		p := UnicastPeer{netip.AddrFrom4([4]byte{172, 16, 0, byte(i)}), least, rapid.Uint8Range(least, 255).Draw(t, "greatest")}
		in.UnicastPeers = append(in.UnicastPeers, p)
		in.CheckUnicastSource = in.CheckUnicastSource || p.MinTTL != 0 || p.MaxTTL != 255
	}
	in.PeersOnly = in.CheckUnicastSource || g.VRRPCheckUnicastSrc
	in.UnicastFaultNoPeer = rapid.Bool().Draw(t, "fault")
	in.OldUnicastChecksum = rapid.SampledFrom([]string{"", "yes", "never"}).Draw(t, "old checksum")
	if in.Version == 3 && in.OldUnicastChecksum != "never" {
		in.ChecksumGroup = g.VRRPMcastGroup4
	}
}

// genHMAC makes keys as they are and in digits.
func genHMAC(t *rapid.T) HMAC {
	h := HMAC{
		Use: true, ActiveKey: 7, Mode: rapid.SampledFrom([]string{"", "enforce", "permissive", "receive-only"}).Draw(t, "mode"),
		AntiReplay: rapid.SampledFrom([]string{"", "time", "monotonic"}).Draw(t, "replay"), TimeWindow: genDuration(t, time.Second, 1, 300, "window"),
	}
	key := rapid.StringMatching(`[a-zA-Z0-9#! ]{32,64}`).Filter(func(s string) bool { return s[0] != ' ' })
	h.Keys = append(h.Keys, HMACKey{ID: 7})
	h.Keys[0].Key = key.Draw(t, "key")
	h.Keys[0].Value = h.Keys[0].Key
	octets := rapid.SliceOfN(rapid.Byte(), 32, 64).Draw(t, "octets")
	h.Keys = append(h.Keys, HMACKey{ID: 255, Key: string(octets), Value: fmt.Sprintf("hex:%x", octets)})
	return h
}

func names[T any](list []T, name func(T) string) []string {
	var out []string
	for _, v := range list {
		out = append(out, name(v))
	}
	return out
}

// genGlobal changes the settings that the table stores by Arg alone to anything within their range.
func genGlobal(t *rapid.T) Global {
	g := defaultGlobal("host")
	rows := language().root.byName["global_defs"].Block.Keywords
	for i := range rows {
		k := &rows[i]
		if k.Into == nil || k.Deprecated || k.Do != nil || !rapid.Bool().Draw(t, k.Name) {
			continue
		}
		place := k.Into(&scope{global: &g})
		switch k.Arg.Kind {
		case Flag:
			store(place, true)
		case Bool:
			store(place, rapid.Bool().Draw(t, "switch"))
		case Int:
			store(place, rapid.Int64Range(max(k.Arg.Min, 1), k.Arg.Max).Draw(t, "number"))
		case Decimal:
			store(place, decimalValue(rapid.Int64Range(k.Arg.Min, k.Arg.Max).Draw(t, "number"), k.Arg))
		case Text:
			store(place, rapid.StringMatching(`[a-z/][a-z0-9 #!/]{0,10}[a-z]`).Draw(t, "text"))
		}
	}
	// Their defaults would be taken over by the instances, which are generated without regard to them.
	d := defaultGlobal("host")
	g.VRRPStrict, g.VRRPNotifyPriorityChanges, g.VRRPOwnerIgnoreAdverts = false, false, false
	g.VRRPSkipCheckAdvAddr, g.VRRPVersion = d.VRRPSkipCheckAdvAddr, d.VRRPVersion
	g.NotificationEmail = rapid.SliceOfN(genName, 1, 3).Draw(t, "mail")
	return g
}

func genConfig(t *rapid.T) Config {
	c := Config{Global: genGlobal(t)}
	for i := range rapid.IntRange(0, 3).Draw(t, "scripts") {
		s := genScript(t)
		s.Argv, s.Supplement = genArgv(t), s.Supplement && s.Group != ""
		c.Scripts = append(c.Scripts, TrackScript{
			Name: fmt.Sprintf("chk%d", i), Script: s, Interval: genDuration(t, time.Millisecond, 1, 4294000, "i"),
			Timeout: genDuration(t, time.Millisecond, 1, 4294000, "t"), Rise: rapid.IntRange(1, 9).Draw(t, "rise"), Fall: rapid.IntRange(1, 9).Draw(t, "fall"),
			Weight: Weight{Value: rapid.IntRange(-253, 253).Draw(t, "w"), Reverse: rapid.Bool().Draw(t, "rev")}, InitFail: rapid.Bool().Draw(t, "init"),
		})
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "files") {
		init := InitFile{Create: rapid.Bool().Draw(t, "create")}
		if init.Create {
			init.Value, init.Overwrite = rapid.IntRange(-9, 9).Draw(t, "v"), rapid.Bool().Draw(t, "o")
		}
		c.TrackFiles = append(c.TrackFiles, TrackFile{Name: fmt.Sprintf("f%d", i), Path: "/run/" + genName.Draw(t, "path"), Weight: Weight{Value: rapid.IntRange(-254, 254).Draw(t, "w")}, Init: init})
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "processes") {
		c.TrackProcesses = append(c.TrackProcesses, TrackProcess{
			Name: fmt.Sprintf("p%d", i), Command: []string{"/usr/sbin/" + genName.Draw(t, "process"), "a b"}, FullCommand: true,
			ParamMatch: rapid.SampledFrom([]ParamMatch{MatchExact, MatchInitial, MatchPartial}).Draw(t, "match"),
			Quorum:     rapid.IntRange(1, 9).Draw(t, "q"), QuorumMax: rapid.SampledFrom([]int{9, 65535, Unlimited}).Draw(t, "max"),
			ForkDelay: genDuration(t, time.Microsecond, 1, 3600e6, "fork"), TerminateDelay: genDuration(t, time.Microsecond, 1, 3600e6, "end"),
			Weight: Weight{Value: rapid.IntRange(1, 254).Draw(t, "w")},
		})
	}
	c.StaticAddresses = genAddresses(t, 60000, 0)
	if rapid.Bool().Draw(t, "static routes") {
		c.StaticRoutes = rapid.SliceOfN(rapid.Custom(genRoute), 1, 3).Draw(t, "routes")
		c.StaticRules = rapid.SliceOfN(rapid.Custom(genRule), 1, 3).Draw(t, "rules")
	}
	if rapid.Bool().Draw(t, "delays") {
		c.UpDownDelays = []UpDownDelay{{Interface: "eth1", Down: time.Second, Up: 1500 * time.Microsecond}}
		c.Linkbeats = []Linkbeat{{Interface: "eth2", Method: "MII"}}
		c.GARPGroups = []GARPGroup{{Interfaces: []string{"eth0", "eth1"}, Aggregate: true, GNAInterval: some(time.Millisecond)}}
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "instances") {
		c.Instances = append(c.Instances, genInstance(t, i, &c))
	}
	return c
}

// plain takes the positions off.
func plain(c Config) Config {
	for i := range c.Instances {
		in := &c.Instances[i]
		in.Pos = parser.Position{}
	}
	return c
}

func TestDumpIsReadBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want := plain(genConfig(rt))
		text := string(Dump(want))
		got, diags := decodeText(t, text)
		for _, d := range diags {
			if d.Severity > parser.Notice {
				rt.Fatalf("%v\nin\n%s", d, text)
			}
		}
		got = plain(got)
		if !reflect.DeepEqual(got, want) {
			rt.Fatalf("read back as\n%+v\nwant\n%+v\nfrom\n%s", got, want, text)
		}
	})
}

// What Decode gives must survive as well: the files of the other tests.
func TestDumpOfFiles(t *testing.T) {
	for _, f := range append(glob(t, "testdata/conf/good/*.conf"), glob(t, "testdata/conf/bad/*.conf")...) {
		first, diags := decodeFile(t, f)
		if status(diags) == parser.StatusMissing {
			continue
		}
		second, _ := decodeText(t, string(Dump(first)))
		first, second = withoutPlaces(first), withoutPlaces(second)
		if !reflect.DeepEqual(first, second) {
			t.Errorf("%s is read back as\n%+v\nwant\n%+v\nfrom\n%s", f, second, first, Dump(first))
		}
	}
}

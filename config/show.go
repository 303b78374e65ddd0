package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// The functions of this file write the arguments of values for Dump. Each gives one string per line of its keyword.

func showNothing(any) []string { return nil }

// quoteWord writes a word so that it is read back as one word.
func quoteWord(s string) string {
	if s == "" || strings.ContainsAny(s, " \t\f\v#!{}$~@") {
		return `"` + s + `"`
	}
	return s
}

// quoteScript writes a command line for the keywords that read quotes and escapes twice: once for the line, once for the command.
func quoteScript(argv []string) string {
	words := make([]string, len(argv))
	for i, w := range argv {
		words[i] = "'" + escapeScript(w) + "'"
	}
	return `"` + escapeScript(strings.Join(words, " ")) + `"`
}

// escapeScript writes what scriptWord decodes. The characters that the reader of the files looks for are written as octal.
func escapeScript(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\\':
			b.WriteString(`\\`)
		case strings.IndexByte("\"'#!{}$~@", c) >= 0 || c < ' ':
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func one(s string) []string { return []string{s} }

func showText(place any) []string {
	if s := *place.(*string); s != "" {
		return one(quoteWord(s))
	}
	return nil
}

func showFlag(place any) []string {
	if *place.(*bool) {
		return one("")
	}
	return nil
}

// showOldChecksum writes old_unicast_checksum, which says yes without a word.
func showOldChecksum(place any) []string {
	switch *place.(*string) {
	case "":
		return nil
	case "yes":
		return one("")
	}
	return showText(place)
}

func showInt(place any) []string {
	switch p := place.(type) {
	case *int:
		return one(strconv.Itoa(*p))
	case *uint8:
		return one(strconv.Itoa(int(*p)))
	}
	return nil
}

func showAddr(place any) []string {
	if a := *place.(*netip.Addr); a.IsValid() {
		return one(a.String())
	}
	return nil
}

func showSource(place any) []string { return showAddr(place) }

func showPriority(place any) []string { return showInt(place) }

func showState(place any) []string {
	switch *place.(*startState) {
	case stateMaster:
		return one("MASTER")
	case stateBackup:
		return one("BACKUP")
	}
	return nil
}

func showAuthType(place any) []string {
	switch *place.(*AuthType) {
	case AuthPass:
		return one("PASS")
	case AuthAH:
		return one("AH")
	}
	return nil
}

func showCPUs(place any) []string {
	words := []string{}
	for _, n := range *place.(*[]int) {
		words = append(words, strconv.Itoa(n))
	}
	return one(strings.Join(words, " "))
}

func showDynamicInterfaces(place any) []string { return showFlag(place) }

func showFlushOnStop(place any) []string {
	switch *place.(*FlushOnStop) {
	case FlushAll:
		return one("")
	case FlushVS:
		return one("VS")
	}
	return nil
}

// userWords writes USER [[:]GROUP] with a blank in front.
func userWords(s Script) string {
	if s.User == "" {
		return ""
	}
	out := " " + s.User
	group := s.Group
	if s.Supplement {
		group = ":" + group
	}
	if group != "" {
		out += " " + group
	}
	return out
}

func showFIFO(place any) []string {
	f := *place.(*FIFO)
	return one(quoteWord(f.Path) + userWords(Script{User: f.User, Group: f.Group}))
}

func showScript(place any) []string {
	s := *place.(*Script)
	if !s.Set() {
		return nil
	}
	return one(quoteScript(s.Argv) + userWords(s))
}

// showArgv writes the command of a vrrp_script, whose user is a keyword of its own.
func showArgv(place any) []string { return one(quoteScript(place.(*Script).Argv)) }

func showScriptUser(place any) []string {
	if u := userWords(*place.(*Script)); u != "" {
		return one(u[1:])
	}
	return nil
}

func showNotifyDeleted(place any) []string {
	n := *place.(*NotifyDeleted)
	switch {
	case !n.Use:
		return nil
	case n.Script.Set():
		return showScript(&n.Script)
	}
	return one("")
}

func showSyncDaemon(place any) []string {
	s := *place.(*SyncDaemon)
	out := s.Interface
	option := func(name, value string) {
		if value != "" && value != "0" {
			out += " " + name + " " + value
		}
	}
	option("inst", s.Instance)
	if s.ID.Set {
		out += fmt.Sprintf(" id %d", s.ID.Value)
	}
	option("maxlen", strconv.Itoa(s.MaxLen))
	option("port", strconv.Itoa(s.Port))
	option("ttl", strconv.Itoa(s.TTL))
	if s.Group.IsValid() {
		option("group", s.Group.String())
	}
	return one(out)
}

func showLVSTimeouts(place any) []string {
	t := *place.(*LVSTimeouts)
	var words []string
	for _, p := range []struct {
		name string
		v    Optional[int]
	}{{"tcp", t.TCP}, {"tcpfin", t.TCPFin}, {"udp", t.UDP}} {
		if p.v.Set {
			words = append(words, p.name, strconv.Itoa(p.v.Value))
		}
	}
	return one(strings.Join(words, " "))
}

func showMaxAutoPriority(place any) []string { return showInt(place) }

func showSMTPServer(place any) []string {
	s := *place.(*SMTPServer)
	if s.Port == 0 {
		return one(quoteWord(s.Host))
	}
	return one(fmt.Sprintf("%s %d", quoteWord(s.Host), s.Port))
}

func showUmask(place any) []string { return one(fmt.Sprintf("%#o", place.(*Optional[uint32]).Value)) }

func showExtraIf(place any) []string {
	e := *place.(*ExtraIf)
	if !e.Interval.Set {
		return nil
	}
	if e.All {
		return one(fmt.Sprintf("all %d", e.Interval.Value))
	}
	return one(strconv.Itoa(e.Interval.Value))
}

func showIPSets(place any) []string {
	s := *place.(*IPSets)
	return one(strings.TrimRight(strings.Join(s.Names[:], " "), " "))
}

func showIPTables(place any) []string {
	t := *place.(*IPTables)
	return one(strings.TrimRight(t.In+" "+t.Out, " "))
}

func showVMAC(place any) []string {
	v := *place.(*VMAC)
	if !v.Use {
		return nil
	}
	var words []string
	if v.Name != "" {
		words = append(words, "name", v.Name)
	}
	if v.MAC != "" {
		words = append(words, v.MAC)
	}
	if v.NotifyMsg {
		words = append(words, "netlink_notify_msg")
	}
	if v.Group.Set {
		words = append(words, "group", strconv.FormatUint(uint64(v.Group.Value), 10))
	}
	return one(strings.Join(words, " "))
}

func showIPVLAN(place any) []string {
	v := *place.(*IPVLAN)
	if !v.Use {
		return nil
	}
	var words []string
	if v.Name != "" {
		words = append(words, "name", v.Name)
	}
	if v.Addr.IsValid() {
		words = append(words, v.Addr.String())
	}
	if v.Mode != "" {
		words = append(words, v.Mode)
	}
	if v.Group.Set {
		words = append(words, "group", strconv.FormatUint(uint64(v.Group.Value), 10))
	}
	return one(strings.Join(words, " "))
}

func showWeight(place any) []string {
	w := *place.(*Weight)
	if w.Reverse {
		return one(fmt.Sprintf("%d reverse", w.Value))
	}
	return one(strconv.Itoa(w.Value))
}

func showInitFile(place any) []string {
	f := *place.(*InitFile)
	switch {
	case !f.Create:
		return nil
	case f.Overwrite:
		return one(fmt.Sprintf("%d overwrite", f.Value))
	}
	return one(strconv.Itoa(f.Value))
}

func showParamMatch(place any) []string {
	switch *place.(*ParamMatch) {
	case MatchExact:
		return one("")
	case MatchPartial:
		return one("partial")
	case MatchInitial:
		return one("initial")
	}
	return nil
}

func showWords(place any) []string {
	var words []string
	for _, w := range *place.(*[]string) {
		words = append(words, quoteWord(w))
	}
	return one(strings.Join(words, " "))
}

func showQuorumMax(place any) []string {
	if *place.(*int) == Unlimited {
		return nil
	}
	return showInt(place)
}

// show writes a value of a type that store knows. Times are in units of the row.
func show(k *Keyword, place any) []string {
	switch p := place.(type) {
	case *bool:
		return showBool(k, *p)
	case *Optional[bool]:
		if p.Set {
			return showBool(k, p.Value)
		}
	case *string:
		return one(quoteWord(*p))
	case *netip.Addr:
		return showAddr(p)
	case *time.Duration:
		return one(showDuration(k.Arg, *p))
	case *Optional[time.Duration]:
		if p.Set {
			return one(showDuration(k.Arg, p.Value))
		}
	case *Optional[int]:
		if p.Set {
			return one(strconv.Itoa(p.Value))
		}
	case *int, *uint8:
		return showInt(p)
	default:
		panic(fmt.Sprintf("config: the table shows a %T", place))
	}
	return nil
}

// showBool writes a switch. Flags can only be turned on.
func showBool(k *Keyword, v bool) []string {
	switch {
	case k.Arg.Kind == Flag && v:
		return one("")
	case k.Arg.Kind == Flag:
		return nil
	case v:
		return one("on")
	}
	return one("off")
}

func showDuration(a Arg, v time.Duration) string {
	unit := a.Unit
	for range a.Digits {
		unit /= 10
	}
	return formatDecimal(int64(v/unit), a.Digits)
}

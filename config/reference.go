package config

import (
	"fmt"
	"strings"
)

// Difference is one point in which the daemon differs from upstream on purpose.
type Difference struct {
	Area, Upstream, Here string
}

// Differences lists what differs from upstream on purpose, for COMPATIBILITY.md.
func Differences() []Difference {
	return []Difference{
		{"reload", "Whatever the new text says is applied, as far as it can be understood.",
			"A text that is structurally broken (braces, an open quote, a NUL byte, a missing or unreadable include), that holds no statement at all, or that upstream would die of, leaves the running configuration in force. Every fault is logged. Any other fault is applied as upstream applies it."},
		{"reload", "The unit's reload sends a signal, and succeeds whatever comes of it.",
			"The unit's reload is `keepalived --reload`, which waits, prints the diagnostics, and fails when the configuration is refused or cannot be applied. SIGHUP works as before."},
		{"systemd", "The service manager is told of readiness, reloads and the end.",
			"It is also told in a line of status which instances are Master, Backup and in Fault, and, where the unit has `WatchdogSec`, that the daemon and its children are alive."},
		{"capabilities", "Without the right to open its sockets the daemon ends and names the call that failed.",
			"It runs on with its instances in Fault. At the start and at a reload one line names the capabilities that the configuration needs and the daemon lacks, and what to do."},
		{"-t", "A main file that is missing gives exit status 0.", "It is an error, and the exit status says so."},
		{"-t", "A file with `net_namespace` gives exit status 0 whatever is wrong with it.", "The file is checked like any other."},
		{"-t", "The reading of a process ends at the first instance that cannot be.", "All faults are reported in one run."},
		{"definitions", "A definition that refers to itself (`$A=$A`) makes the reader loop until it is stopped.", "It ends with a message."},
		{"definitions", "An escaped `\\#` in the name of a block is taken for a comment by the child processes, which read the text a second time.", "The text is read once, the name keeps its `#`."},
		{"track_file", "Version 2.4.3 crashes when an instance tracks a file that is not defined while another one is.", "The entry is reported and ignored."},
		{"vrrp_script", "A script that has timed out counts as failed when it has ended, which may be seconds later when it ignores SIGTERM.",
			"It counts as failed at its timeout. It is ended with its process group, and the next run waits for that."},
		{"vrrp_script", "Version 2.2.7 takes one success for enough after init_fail, whatever rise says.", "As in later versions rise counts."},
		{"vrrp_script", "A reload runs every script at once, and a child that was started again waits for all of them.",
			"A reload leaves those alone that have not changed. An instance that goes on as Master keeps its priority until its scripts have had a result."},
		{"vrrp_script", "A script that cannot be executed counts as a success.", "It counts as failed, and the line says why."},
		{"track_process", "Where the kernel reports no processes (in a namespace), none is ever seen.",
			"The list of processes is read twice a second instead, and the end of one that counts is seen at once."},
		{"fork_delay, terminate_delay", "They do not run when a process executes another program, which is how most are started.", "They run whenever a quorum is gained or lost."},
		{"duplicate addresses", "Version 2.2.7 keeps an address that a list has twice; later versions report it.", "It is reported and kept once."},
		{"no_accept, strict_mode", "-", "A warning at the start, at a reload and under -t names the instances that drop packets to their addresses. It does not change the exit status."},
		{"no_accept, strict_mode", "A reload that lets an instance accept again has no effect until it is Master the next time.", "It has effect at once."},
		{"no_accept, strict_mode", "When the firewall does not work, an error is logged, and the instance accepts.", "The instance is held in FAULT, with a line that says what is missing, and looks again every second."},
		{"no_accept, strict_mode", "When somebody else empties the ruleset, the instance accepts from then on.", "It is looked at every ten seconds, and put back. When that fails three times in a row, the instance is held in FAULT."},
		{"no_accept, strict_mode", "What a daemon that was killed as a whole has left drops packets to an address for good, when the next daemon accepts them and needs no rules.", "A start takes the addresses that are answered for out of the table and the sets, and says so. Rules of iptables without sets stay: they cannot be told from those of the administrator."},
		{"--dont-release-vrrp", "Addresses that stay at the end accept packets from then on.", "The rules stay, too, and the next daemon takes them over."},
		{"vrrp_iptables", "Builds with iptables use it, unless the iptables command belongs to nftables. Builds without, as Debian's, report it and use nftables.",
			"It is used where the host has iptables of its own (legacy). Where the iptables command belongs to nftables, or there is none, nftables is used, and a line says so. It is no error of the configuration."},
		{"vrrp_iptables", "When a chain does not exist, it is logged, and the instance accepts.", "The instances with addresses of that family are held in FAULT, with a line that says how to make the chain, and look again every second."},
		{"vrrp_iptables", "Where ipsets do not work, there are rules for each address.", "So, too, and where a set of that name is somebody else's or full. A line says so."},
		{"vrrp_iptables", "The set of links with a virtual MAC has them with `0.0.0.0/0` and `::/0`.", "It has them with `224.0.0.0/4` and `ff00::/8`, where all reports of groups go."},
		{"vrrp_iptables", "A reload that changes chains, sets, or iptables for nftables leaves rules behind.", "What is new is there first, then what is old goes."},
		{"routes and rules", "The word after `inet` or `inet6` is skipped, so that a destination or an option may be lost.", "It is read."},
		{"routes and rules", "Of the `id` of a tunnel and of `tunnel-id` only the lower 32 bits are used.", "All 64 bits are used."},
		{"routes", "The address behind `or` may be of another family than the route, which the kernel then refuses.", "The line is ignored."},
		{"rtt, rttvar, rto_min", "Version 2.2.7 only logs that a time is out of range; later versions report it.", "It is reported, and the nearest time is used."},
		{"names of iproute2", "Version 2.2.7 reads `/etc/iproute2` only; later versions read `/usr/share/iproute2` and the folders beside the files too.", "As in later versions."},
		{"routes without interface", "Version 2.2.7 reports that it cannot track them.", "As in later versions nothing is said."},
		{"vrrp_sync_group, track_group", "A second `group` list is passed over, and with it the block ends: what follows in it is taken for text outside of any block.", "Only the second list is passed over."},
		{"vrrp_sync_group", "A reload that adds a member to a group that is Master takes all members to Backup for a Master_Down_Interval.",
			"The others stay Master. The new member becomes Master when its Master_Down_Interval has passed, or takes all to Backup when it hears a master that it must follow."},
		{"vrrp_sync_group", "Nobody is told that a group is Master when all members own their addresses, nor when a reload makes it of instances that are Master.", "It is told like any other change."},
		{"virtual_routes, virtual_rules", "When somebody else takes one of a Master off, the instance goes to Backup for a moment, with its scripts. Version 2.4.3 leaves routes marked no_track behind when the instance leaves Master.", "It is put back where it was, at most once a second, unless it is marked no_track. All go when the instance leaves Master."},
		{"track_group", "The loss of a static object takes the instances of the group to Backup or Fault.", "The object is put back. The instances are in Fault while the kernel does not take it."},
		{"virtual addresses", "When somebody else takes an address of a Master off, the instance goes to Backup for a moment, with its scripts, and takes over again.",
			"The address is put back and announced where it was, at most once a second. State and scripts are not disturbed. One that the kernel refuses is tried again once a second while its interface exists."},
		{"priority 255", "Of two owners of the addresses, the one with the higher address never gives in to one that sends at least as often as it does: both stay Master.", "It gives in after two of its adverts, as with a slower one."},
		{"vrrp_delay_after_boot", "A reload while the delay runs makes it shorter by the time that has passed already.", "It ends when it would have ended without the reload."},
		{"virtual addresses, routes and rules", "What two Masters have in common goes with the first one that gives it up.", "It goes with the last one."},
		{"virtual_rules, static_rules", "A rule is deleted by what the kernel compares, so that a narrower rule of the same preference may go in its place, and one that differs in `not` only is never added.",
			"Only the rule that is meant is deleted. Where the kernel would take another one for it, that is added anew behind it first."},
		{"VRRPv3 checksum over IPv4", "A checksum without pseudo-header is accepted with v3_checksum_as_v2 only, and one with it is then accepted too.",
			"Both are accepted in any case, because a router whose adverts are dropped becomes a second Master. What is not sent here is logged once per instance and counted."},
		{"VRRP over IPv6", "The kernel drops adverts with a wrong checksum, so nothing is said. Unicast adverts without unicast_ttl have the hop limit that the kernel gives.",
			"They are dropped and logged as over IPv4. The hop limit is then 64."},
		{"unicast_peer", "Adverts are sent to every address in the list.", "None is sent to the router's own address, so that all routers can have the same list."},
		{"use_vmac", "A VMAC that an earlier process has left under another name is used with that name.",
			"As upstream where no name is configured. With one, the old VMAC is removed if its name is one that keepalived generates here or has reported. Any other macvlan with the MAC address is left alone, and the instance is in Fault while that is up, with an error that names it."},
		{"use_ipvlan", "An ipvlan that exists is used in whatever mode it has, and a reload does not change the mode.", "Its mode is set to the configured one. All ipvlans on an interface have one mode in the kernel: that of the last instance."},
		{"use_vmac", "Version 2.2.7 lets a VMAC of IPv6 answer for the IPv4 addresses of its parent; later versions do not.", "As in later versions."},
		{"use_vmac", "Version 2.2.7 leaves arp_ignore and arp_filter of the interface as they are for VMACs.", "They are what they were before, also after the VRRP process was killed."},
		{"use_vmac", "A VMAC that cannot be made, or vanishes and cannot be made again, is logged.", "The instance is in Fault meanwhile, and it is tried again every second."},
		{"included files", "A file that never ends, such as one of /proc, is waited for without end.", "It is given up after a second, and 128 MiB is the most that is read."},
		{"virtual_server_group", "Version 2.2.7 counts a range of addresses in the last octet only, and never comes to the end of one that crosses it.", "As in later versions all addresses of the range are served."},
		{"ha_suspend", "It has no effect for a virtual server of a group.", "Checks rest while no address of the group is there."},
		{"checks", "A server may take as long as it likes between two reads.",
			"As upstream, but each check ends after four times connect_timeout or a whole delay_loop; that of a page after ten times connect_timeout, two minutes or a delay_loop, whichever is the longest. A header ends at 4095 bytes, a body at 1 GiB."},
		{"regex", "A match is bounded by the stack of regex_stack.", "It is bounded at 10,000,000 steps and 16 MiB. One that exceeds them fails the check."},
		{"SSL_GET", "What OpenSSL offers.",
			"A server cannot be reached that offers nothing but DHE key exchange, AES256-SHA256 or ECDHE with AES256-SHA384 in CBC mode, curve X448, a key of kind Ed448 or RSA-PSS, or signatures with SHA-224. The line about the failed check says so. enable_sni sends no IP address as a name."},
		{"SSL_GET", "A reply that a reset of the connection cuts off counts as complete.", "Only when its announced length or its last chunk was there."},
		{"TCP_CHECK", "Until 2.3.2 a failure of a server that is down is followed by retries after delay_before_retry.", "As in later versions the next check is after delay_loop."},
		{"reload of checks", "A changed check of a server that is down may put it back before it was made.", "The server stays out until its checks have passed."},
		{"log lines of checks", "The reason of a failure is not always there.", "It follows upstream's words, in brackets. The first failure of a page is not said to be after retries, because there were none."},
		{"alert mails", "A failed mail is not tried again, and those of the end are lost.",
			"It is tried three times within bounds, once only while the server has not answered for others; what is lost is logged. Those of the end have a second. Text that is not ASCII is encoded as MIME wants it."},
		{"alert mails", "Version 2.2.7 sends none to or from an address with a display name. Where the name of the host has no address, it writes `[unknown]`, `(null)` and `localhost`.",
			"The bare address is used with the server, and the name of the host is what uname says."},
		{"track_file", "The file is read when its writer closes it.", "It is read when nothing has happened to it for 20 ms, and 200 ms when it is empty."},
		{"dumps", "The password of `auth_pass` and of the SSL block may be shown. All options of a regex are named when it has one.", "Secrets are stars. The options are those that were given."},
		{"keepalived.data", "-", "An instance has a line each for conflicts with other Masters, adverts with another form of checksum and failed sends, where there were any. The counters of `keepalived.stats` and the JSON are upstream's."},
		{"fast_recovery", "While one of several pages fails and another one is back, the failing one is asked for without a pause.", "A failure of a server that is down is always followed by a pause of delay_before_retry."},
		{"-s, net_namespace", "A namespace that does not exist gives exit status 0.", "It is an error with exit status 1, and the message says how to make it. Under -t only interfaces are not looked at then."},
		{"-s, net_namespace", "Pid files are seen under `/run/keepalived` by the daemon and its scripts, and under `/run/keepalived/NAME` by everybody else.", "They are under `/run/keepalived/NAME` for everybody."},
		{"-a", "Every message of the kernel is logged, but those about the daemon's own changes.", "What has changed between two looks is logged, whoever has changed it."},
		{"a Master that was late", "Each advert of a rival that has waited is answered with an advert and a burst of announcements.", "Those that are read together get one answer."},
		{"garp_interval, gna_interval", "Version 2.2.7 sends what has waited once, however often it was to be sent.", "As in later versions it is sent as often as it was to be, all addresses before any again."},
		{"use_symlink_paths", "Version 2.2.7 starts a script by the path as it stands.", "As in later versions symbolic links are followed first, unless it is set."},
		{"max_auto_priority", "The priority is raised once; later delays are not noticed.", "It is raised by one each time, up to the bound, as the manual has it."},
		{"reload_check_config", "Without it a reload applies whatever the new text says.", "Every reload is checked (see reload). With it any fault that `-t` finds refuses the reload, as upstream has it, and it is logged, too."},
		{"reload_file", "Version 2.2.7 leaves a file of the usual name there unless reload_check_config is set.", "As in later versions it is taken away."},
		{"startup_script", "The command that starts the daemon returns while the script runs. A stop leaves it running.", "The command returns when the daemon serves, which is after the script. A stop ends it."},
		{"-X, --release-vips", "An instance that is not Master takes its addresses off at the start even if another run has set them, and after a reload.", "This is always done. The option is accepted and changes nothing."},
		{"sending as something else", "-", "An instance that needs a keyword this version cannot act on is held in FAULT and says so. It never runs as something else."},
	}
}

// Compatibility is the text of COMPATIBILITY.md.
func Compatibility() string {
	var b strings.Builder
	b.WriteString(compatibilityHead)
	for _, e := range []Effect{Acts, Holds, Ignored} {
		n := 0
		Walk(func(_ string, k *Keyword) {
			if k.Effect == e {
				n++
			}
		})
		fmt.Fprintf(&b, "| %s | %d |\n", e, n)
	}
	block := "-"
	Walk(func(path string, k *Keyword) {
		top, _, nested := strings.Cut(path, "/")
		if !nested && k.Block == nil {
			top = ""
		}
		if top != block {
			block = top
			title := "`" + top + "`"
			if top == "" {
				title = "Outside of any block"
			}
			fmt.Fprintf(&b, "\n### %s\n\n| keyword | since | what it does here |\n|---|---|---|\n", title)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", strings.ReplaceAll(strings.TrimPrefix(path, top+"/"), "|", "\\|"), k.Since, effectText(k))
	})
	b.WriteString(differencesHead)
	for _, d := range Differences() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", d.Area, d.Upstream, d.Here)
	}
	return b.String()
}

const compatibilityHead = `# Compatibility

<!-- Written by go run ./config/gen from the table of keywords; do not edit. -->

Every keyword of upstream's configuration language is read and checked. This file says of each what it does in this
version.

## Keywords

| | keywords |
|---|---|
`

const differencesHead = `
## Differences on purpose

| where | upstream | here |
|---|---|---|
`

// effectText is the state of a keyword with what else is to be known of it.
func effectText(k *Keyword) string {
	text := k.Effect.String()
	if k.Since == "" {
		text = "refused, as upstream refuses it"
	}
	if k.EffectNote != "" {
		text += "; " + k.EffectNote
	}
	if k.Deprecated {
		text += "; deprecated"
		if k.Alias != "" {
			text += ", write `" + k.Alias + "`"
		}
	}
	return text
}

// MarkdownReference is the keyword reference as Markdown.
func MarkdownReference() string {
	var b strings.Builder
	Walk(func(path string, k *Keyword) {
		if k.Block != nil && !strings.Contains(path, "/") {
			fmt.Fprintf(&b, "\n## %s\n\n", path)
		}
		fmt.Fprintf(&b, "- **%s** %s: %s.", strings.ReplaceAll(path, "/", " / "), k.Syntax, k.Meaning)
		if hasDefault(k) {
			fmt.Fprintf(&b, " Default: %s.", k.Default)
		}
		if k.Note != "" {
			fmt.Fprintf(&b, " (%s)", k.Note)
		}
		b.WriteByte('\n')
	})
	return b.String()
}

func hasDefault(k *Keyword) bool { return k.Default != "" && k.Default != "-" }

// RoffReference is the keyword reference as the body of a manual page.
func RoffReference() string {
	var b strings.Builder
	Walk(func(path string, k *Keyword) {
		if k.Block != nil && !strings.Contains(path, "/") {
			fmt.Fprintf(&b, ".SS %s\n", roff(path))
		}
		fmt.Fprintf(&b, ".TP\n\\fB%s\\fR %s\n%s.", roff(strings.ReplaceAll(path, "/", " / ")), roff(k.Syntax), roff(sentence(k.Meaning)))
		if hasDefault(k) {
			fmt.Fprintf(&b, " Default: %s.", roff(k.Default))
		}
		if k.Note != "" {
			fmt.Fprintf(&b, " %s.", roff(sentence(k.Note)))
		}
		b.WriteByte('\n')
	})
	return b.String()
}

// sentence begins with a capital letter.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// roffEscapes are the characters that mean something to the formatter.
var roffEscapes = strings.NewReplacer(`\`, `\(rs`, "-", `\-`, "\n", " ")

// roff writes a text so that the formatter prints it as it stands.
func roff(s string) string {
	s = roffEscapes.Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		return `\&` + s
	}
	return s
}

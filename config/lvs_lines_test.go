package config

import (
	"strings"
	"testing"

	"keepalived-go/parser"
)

// serverShells are texts that are complete and clean but for the lines that are put in.
var serverShells = map[string]string{
	"virtual_server": "virtual_server 192.0.2.50 80 {\nprotocol TCP\nlvs_sched rr\nlvs_method NAT\n%s\nreal_server 10.0.0.1 80 {\nweight 1\n}\n}\n",
	"real_server":    "virtual_server 192.0.2.50 80 {\nprotocol TCP\nlvs_sched rr\nlvs_method NAT\nreal_server 10.0.0.1 80 {\n%s\n}\n}\n",
	"bfd_instance":   "bfd_instance B {\n%s\n}\n",
	"SSL":            "SSL {\n%s\n}\n",
}

// serverShell gives the text around a block. The blocks of checkers stand in a real server, with what they look for before them.
func serverShell(block string) string {
	if s, ok := serverShells[block]; ok {
		return s
	}
	before := "bfd_instance B {\nneighbor_ip 10.9.9.9\n}\ntrack_file F {\nfile /tmp/f\n}\n"
	return before + strings.Replace(serverShells["real_server"], "%s", block+" {\n%s\n}", 1)
}

// trialsByBlock are lines with the exit status that upstream 2.4.3 gives for them.
var trialsByBlock = map[string][]trial{
	"virtual_server": {
		{"lb_algo zzz", 5},
		{"lb_algo", 2},
		{"lb_kind FULLNAT", 5},
		{"lb_kind TUN type gue", 5},
		{"lb_kind TUN type gue port 500 csum", 0},
		{"lb_kind TUN csum", 5},
		{"lb_kind TUN type gue port", 5},
		{"lb_kind DR type gre remcsum", 5},
		{"lb_kind TUN zz", 5},
		{"persistence_timeout", 0},
		{"persistence_timeout 0", 5},
		{"persistence_timeout 2678401", 5},
		{"persistence_granularity 255.255.255.0", 0},
		{"persistence_granularity 300.1.1.1", 5},
		{"persistence_granularity 64", 0},
		{"persistence_granularity", 2},
		{"persistence_engine", 2},
		{"persistence_engine abcdefghijklmnopqrstuvwxyz", 5},
		{"protocol foo", 5},
		{"protocol sctp", 0},
		{"ops", 5},
		{"sh-port", 5},
		{"lb_algo sh\nsh-port", 0},
		{"lb_algo sh\nmh-port", 0},
		{"hashed", 5},
		{"flag-1", 0},
		{"ha_suspend", 0},
		{"sorry_server 10.0.0.9 80", 0},
		{"sorry_server 10.0.0.999 80", 5},
		{"sorry_server", 2},
		{"sorry_server_inhibit", 5},
		{"sorry_server_lvs_method DR", 5},
		{"sorry_server 10.0.0.1 80\ninhibit_on_failure", 5},
		{"sorry_server 10.0.0.9 80\nsorry_server 10.0.0.8 80", 0},
		{"sorry_server 2001:db8::1 80", 5},
		{"quorum 0", 5},
		{"quorum 9", 5},
		{"hysteresis 1", 5},
		{"hysteresis", 2},
		{"ip_family inet6", 5},
		{"ip_family foo", 5},
		{"ip_family", 2},
		{"weight 0", 5},
		{"alpha false", 0},
		{"omega", 0},
		{"quorum_up", 2},
		{"quorum_up /bin/true", 6},
		{"quorum_up \"/bin/sh -c 'a b'\"\nquorum_up /bin/true", 6},
		{"delay_loop abc", 5},
		{"delay_loop -5", 5},
		{"virtualhost", 5},
		{"smtp_alert maybe", 5},
		{"nat_mask 255.255.255.0", 5},
		{"retry 0", 5},
		{"alpha {\n}", 5},
	},
	"real_server": {
		{"weight 0", 5},
		{"weight -1", 5},
		{"weight 5x", 5},
		{"weight 2147483648", 5},
		{"weight", 2},
		{"alpha maybe", 5},
		{"retry 0", 5},
		{"warmup 1.1234567", 5},
		{"warmup -1", 5},
		{"connect_timeout 0", 5},
		{"connect_timeout 5000", 5},
		{"delay_loop 0", 5},
		{"inhibit_on_failure no", 0},
		{"inhibit_on_failure x", 5},
		{"smtp_alert TRUE", 5},
		{"snmp_name", 5},
		{"snmp_name a b", 5},
		{"virtualhost", 5},
		{"virtualhost a\nvirtualhost b", 5},
		{"lvs_method", 2},
		{"lvs_method FNAT", 5},
		{"notify_up", 2},
		{"notify_up /bin/true", 6},
		{"notify_up /bin/true\nnotify_up /bin/false", 6},
		{"uthreshold -3", 5},
		{"foo 3", 5},
		{"foo {\nx 1\n}", 5},
		{"delay_before_retry 3 4", 0},
	},
	"TCP_CHECK": {
		{"nb_get_retry 3", 5},
		{"connect_timeout 0", 5},
		{"connect_timeout", 2},
		{"connect_port 0", 5},
		{"connect_ip 1.2.3", 5},
		{"connect_ip fe80::1", 5},
		{"connect_ip fe80::1\nbind_if eth0", 0},
		{"bindto 2001:db8::1", 5},
		{"bind_if abcdefghijklmnopqrs", 5},
		{"bind_if", 2},
		{"bind_if nosuch9", 0},
		{"fwmark -1", 5},
		{"alpha x", 5},
		{"log_all_failures x", 5},
		{"foo {\nbar 1\n}", 5},
		{"retry x", 5},
		{"bindto 10.0.0.9/24", 0},
		{"bindto 10.0.0.9\nconnect_ip 2001:db8::1", 5},
	},
	"HTTP_GET": {
		{"url {\nstatus_code 200\n}", 5},
		{"url {\npath /\nstatus_code 200\n}", 0},
		{"url {\npath /\ndigest 12\n}", 5},
		{"url {\npath /\ndigest zz3456789012345678901234567890zz\n}", 5},
		{"url {\npath /\ndigest 12345678901234567890123456789012\ndigest 12345678901234567890123456789012\n}", 5},
		{"url {\npath /\nstatus_code 99\n}", 5},
		{"url {\npath /\nstatus_code 200-299 404 x 500-400\n}", 5},
		{"url {\npath /\nstatus_code\n}", 0},
		{"url {\npath /a\npath /b\n}", 5},
		{"url {\npath\n}", 2},
		{"url {\npath /\ndigest\n}", 2},
		{"nb_get_retry 3\nurl {\npath /\n}", 5},
		{"nb_get_retry x\nurl {\npath /\n}", 5},
		{"http_protocol 1.2\nurl {\npath /\n}", 5},
		{"http_protocol\nurl {\npath /\n}", 5},
		{"virtualhost\nurl {\npath /\nvirtualhost\n}", 5},
		{"enable_sni x\nurl {\npath /\n}", 5},
		{"fast_recovery x\nurl {\npath /\n}", 5},
		{"url {\npath /\nregex\n}", 5},
		{"url {\npath /\nregex a b\n}", 5},
		{"url {\npath /\nregex \"a b\"\n}", 0},
		{"url {\npath /\nregex \"a(\"\n}", 0},
		{"url {\npath /\nregex a\nregex b\n}", 5},
		{"url {\npath /\nregex_options foo\n}", 0},
		{"url {\npath /\nregex_no_match\nregex_min_offset x\nregex_stack 1\n}", 0},
		{"url {\npath /\nregex a\nregex_min_offset 9\nregex_max_offset 3\n}", 0},
		{"tls_compliant\nurl {\npath /\n}", 5},
	},
	"SMTP_CHECK": {
		{"helo_name", 5},
		{"helo_name a\nhelo_name b", 5},
		{"host {\nconnect_ip 10.0.0.3\n}", 0},
		{"host {\nconnect_ip fe80::1\n}", 5},
		{"host {\nconnect_ip 10.0.0.3\ndelay_loop 3\nnb 3\n}", 5},
		{"connect_port 25\nhost {\nconnect_ip 10.0.0.3\n}\nhost {\n}", 0},
		{"host {\nretry 9\ndelay_loop 4\n}", 0},
	},
	"DNS_CHECK": {
		{"type FOO", 5},
		{"type a", 0},
		{"type", 2},
		{"name .", 0},
		{"name a..b", 5},
		{"name .b", 5},
		{"name", 2},
		{"name a\nname b", 5},
	},
	"MISC_CHECK": {
		{"misc_path /bin/true", 6},
		{"misc_path", 5},
		{"misc_path \"/bin/true a b\"", 6},
		{"misc_path /bin/true\nmisc_timeout 4295", 6},
		{"misc_path /bin/true\nmisc_timeout x", 6},
		{"misc_path /bin/true\nmisc_dynamic", 6},
		{"misc_path /bin/true\nuser root", 6},
		{"misc_path /bin/true\nuser", 6},
		{"misc_path /bin/true\nmisc_path /bin/false", 6},
		{"misc_path /bin/true\nconnect_timeout 3", 6},
	},
	"UDP_CHECK": {
		{"payload 01 02ff", 0},
		{"payload zz", 5},
		{"payload", 5},
		{"require_reply", 0},
		{"require_reply 01xx", 0},
		{"require_reply 0q", 5},
		{"min_reply_length 300", 5},
		{"max_reply_length 70000", 5},
		{"payload 012", 0},
	},
	"BFD_CHECK": {
		{"name B", 0},
		{"name", 5},
		{"name B C", 5},
		{"name B\nalpha x", 5},
		{"name B\nname B", 5},
	},
	"FILE_CHECK": {
		{"track_file F", 0},
		{"track_file G", 5},
		{"track_file F\nweight 3 reverse", 0},
		{"track_file F\nweight 3 foo", 5},
		{"track_file F\nweight", 5},
		{"track_file F\nweight x", 5},
		{"track_file", 2},
	},
	"bfd_instance": {
		{"neighbor_ip 10.0.0.1", 0},
		{"", 5},
		{"neighbor_ip 10.0.0", 5},
		{"neighbor_ip 10.0.0\nmin_rx x\nweight x", 5},
		{"neighbor_ip 10.0.0.1\nsource_ip x", 5},
		{"neighbor_ip 10.0.0.1\nsource_ip 2001:db8::1", 5},
		{"neighbor_ip 10.0.0.1\nmin_rx 0", 5},
		{"neighbor_ip 10.0.0.1\nmin_rx 1.5", 0},
		{"neighbor_ip 10.0.0.1\nmin_rx 20000", 0},
		{"neighbor_ip 10.0.0.1\nidle_tx 999", 5},
		{"neighbor_ip 10.0.0.1\nmultiplier 256", 5},
		{"neighbor_ip 10.0.0.1\nttl 0", 5},
		{"neighbor_ip 10.0.0.1\nmax_hops 300", 5},
		{"neighbor_ip 10.0.0.1\nttl 3\nmax_hops 30", 5},
		{"neighbor_ip 10.0.0.1\nweight 254", 5},
		{"neighbor_ip 10.0.0.1\nweight 25 foo", 5},
		{"neighbor_ip 10.0.0.1\nweight", 2},
		{"neighbor_ip 10.0.0.1\nmultihop", 0},
		{"neighbor_ip 10.0.0.1\nmin_rx", 2},
		{"neighbor_ip 10.0.0.1\nvrrp\nchecker", 0},
		{"neighbor_ip 10.0.0.1\nfoo", 5},
		{"neighbor_ip 10.0.0.1\nmin_rx 1.1234", 5},
		{"neighbor_ip 2001:db8::1\nmax_hops 100", 5},
	},
	"SSL": {
		{"password a\nca /x\ncertificate /y\nkey /z", 0},
		{"ca", 5},
		{"ca /a\nca /b", 5},
		{"foo", 5},
	},
}

func TestServerLines(t *testing.T) {
	for block, rows := range trialsByBlock {
		for _, r := range rows {
			c, diags := decodeText(t, strings.Replace(serverShell(block), "%s", r.line, 1))
			if got := status(diags); got != r.want {
				t.Errorf("%s { %q }: status %d, want %d; %v", block, r.line, got, r.want, diags)
			}
			for _, d := range diags {
				if d.Pos.Source == nil {
					t.Errorf("%s { %q }: %v has no place", block, r.line, d)
				}
			}
			roundTrip(t, block+" { "+r.line+" }", c)
		}
	}
}

// whole texts with the exit status that upstream gives for them.
var serverTexts = []struct {
	name, text string
	want       parser.Status
}{
	{"no protocol, scheduler and method", "virtual_server 192.0.2.1 80 {\nreal_server 10.0.0.1 80 {\n}\n}\n", parser.StatusConfig},
	{"no real server", "virtual_server 192.0.2.1 80 {\nprotocol TCP\n}\n", parser.StatusConfig},
	{"no address", "virtual_server {\nreal_server 10.0.0.1 80 {\n}\n}\n", parser.StatusMissing},
	{"no group name", "virtual_server group {\n}\n", parser.StatusMissing},
	{"no name of a group", "virtual_server_group {\n192.0.2.1 80\n}\n", parser.StatusMissing},
	{"no real server address", "virtual_server 192.0.2.1 80 {\nreal_server {\n}\n}\n", parser.StatusMissing},
	{"group that is not there", "virtual_server group G {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nreal_server 10.0.0.1 80 {\n}\n}\n", parser.StatusOK},
	{"group that nobody uses", "virtual_server_group G {\n192.0.2.1 80\n}\n", parser.StatusOK},
	{"option of a group entry", "virtual_server_group G {\n192.0.2.1 80 weight 3\n}\n", parser.StatusOK},
	{"mask of a real server", strings.Replace(serverShells["real_server"], "10.0.0.1 80", "10.0.0.1/24 80", 1), parser.StatusOK},
	{"two SSL blocks", "SSL {\n}\nSSL {\n}\n", parser.StatusConfig},
	{"session twice", "bfd_instance B {\nneighbor_ip 10.0.0.1\n}\nbfd_instance B {\nneighbor_ip 10.0.0.2\n}\n", parser.StatusConfig},
	{"session after the check", strings.Replace(serverShell("BFD_CHECK"), "%s", "name C", 1) + "bfd_instance C {\nneighbor_ip 10.0.0.1\n}\n", parser.StatusConfig},
}

func TestServerTexts(t *testing.T) {
	for _, r := range serverTexts {
		_, diags := decodeText(t, strings.Replace(r.text, "%s", "", 1))
		if got := status(diags); got != r.want {
			t.Errorf("%s: status %d, want %d; %v", r.name, got, r.want, diags)
		}
	}
}

// A check that nothing makes yet is said once for its kind and not for each of its keywords; what works is not said.
func TestCheckersWithoutEffectAreAnnouncedOnce(t *testing.T) {
	text := strings.Replace(serverShell("DNS_CHECK"), "%s", "connect_timeout 3\n}\nTCP_CHECK {\nretry 2", 1)
	_, diags := decodeText(t, text+strings.Replace(text, "50 80", "51 80", 1)[strings.Index(text, "virtual_server"):])
	said := 0
	for _, d := range diags {
		if strings.Contains(d.Message, "no effect yet") && strings.Contains(d.Message, "DNS_CHECK") {
			said++
		}
		for _, quiet := range []string{"connect_timeout", "real_server", "virtual_server", "TCP_CHECK", "retry"} {
			if strings.Contains(d.Message, quiet) {
				t.Errorf("said too: %v", d)
			}
		}
	}
	if said != 1 {
		t.Errorf("said %d times: %v", said, diags)
	}
}

// A program that is not there takes its check with it; a notify script that is not there is left out.
func TestMissingServerScripts(t *testing.T) {
	text := strings.Replace(serverShells["real_server"], "%s",
		"notify_up /bin/there\nnotify_down /bin/gone\nMISC_CHECK {\nmisc_path /bin/gone\n}\nTCP_CHECK {\n}\nMISC_CHECK {\nmisc_path /bin/there\n}", 1)
	env := Env{Script: func(path string, _, _ uint32) ScriptState { return ScriptState{Missing: path == "/bin/gone"} }}
	c, diags := decodeOn(t, text, env)
	rs := c.VirtualServers[0].RealServers[0]
	if !rs.NotifyUp.Set() || rs.NotifyDown.Set() {
		t.Errorf("notify scripts %v and %v", rs.NotifyUp, rs.NotifyDown)
	}
	if len(rs.Checkers) != 2 || rs.Checkers[0].Kind != CheckTCP || rs.Checkers[1].Kind != CheckMisc {
		t.Errorf("checkers %+v", rs.Checkers)
	}
	if got := status(diags); got != parser.StatusSecurity {
		t.Errorf("status %d; %v", got, diags)
	}
	c, diags = decodeOn(t, strings.ReplaceAll(text, "/bin/there", "/bin/gone"), env)
	if got := status(diags); got != parser.StatusOK || len(c.VirtualServers[0].RealServers[0].Checkers) != 1 {
		t.Errorf("all scripts gone: status %d; %v", got, diags)
	}
}

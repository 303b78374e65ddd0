package config

import (
	"reflect"
	"strings"
	"testing"

	"keepalived-go/parser"
)

// pair is a line that changes the configuration, perhaps after lines that it needs, and one that is complained of. The second is
// empty where there is nothing to complain of: flags, and words that may stay away.
type pair struct{ good, bad string }

// checkPairs are the keywords that all checks have.
var checkPairs = map[string]pair{
	"alpha":              {"alpha", "alpha maybe"},
	"delay_before_retry": {"delay_before_retry 2", "delay_before_retry -1"},
	"delay_loop":         {"delay_loop 2.5", "delay_loop 0"},
	"log_all_failures":   {"log_all_failures", "log_all_failures maybe"},
	"retry":              {"retry 7", "retry -1"},
	"warmup":             {"warmup 0", "warmup soon"},
	"bind_if":            {"bind_if eth9", "bind_if a_name_that_is_too_long"},
	"bind_port":          {"bind_port 1024", "bind_port 65536"},
	"bindto":             {"bindto 10.0.0.5", "bindto 10.0.0.500"},
	"connect_ip":         {"connect_ip 10.0.0.5", "connect_ip 10.0.0.500"},
	"connect_port":       {"connect_port 81", "connect_port 65536"},
	"connect_timeout":    {"connect_timeout 1.5", "connect_timeout 0"},
	"fwmark":             {"fwmark 7", "fwmark 4294967296"},
}

var httpPairs = map[string]pair{
	"enable_sni":    {"enable_sni", "enable_sni maybe"},
	"fast_recovery": {"fast_recovery", "fast_recovery maybe"},
	"http_protocol": {"http_protocol 1.1", "http_protocol 2"},
	"nb_get_retry":  {"nb_get_retry 7", "nb_get_retry -1"},
	"sni_name":      {"sni_name www.example.org", ""},
	"url":           {"url {\npath /a\n}", "url {\n}"},
	"virtualhost":   {"virtualhost www.example.org", "virtualhost"},
}

var urlPairs = map[string]pair{
	"digest":           {"digest 0123456789abcdef0123456789abcdef", "digest 0123"},
	"path":             {"path /b", "path"},
	"regex":            {`regex "a+"`, "regex"},
	"regex_max_offset": {"regex a\nregex_max_offset 9", "regex a\nregex_max_offset far"},
	"regex_min_offset": {"regex a\nregex_min_offset 9", "regex a\nregex_min_offset near"},
	"regex_no_match":   {"regex a\nregex_no_match", "regex_no_match"},
	"regex_options":    {"regex a\nregex_options caseless", "regex a\nregex_options careless"},
	"regex_stack":      {"regex a\nregex_stack 1024 4096", "regex a\nregex_stack 4096"},
	"status_code":      {"status_code 200-204 301", "status_code 99"},
	"virtualhost":      {"virtualhost www.example.org", "virtualhost"},
}

var methodPairs = map[string]pair{
	"csum":    {"%s TUN type gre csum", "%s TUN type ipip csum"},
	"nocsum":  {"%s TUN type gre csum\n%s TUN type gre nocsum", ""},
	"port":    {"%s TUN type gue port 5555", "%s TUN type gue port 65536"},
	"remcsum": {"%s TUN type gue port 5555 remcsum", "%s TUN type ipip remcsum"},
	"type":    {"%s TUN type gre", "%s TUN type sit"},
}

// serverPairs has the keywords of the area ipvs and of the checks that work, by the block that they stand in.
var serverPairs = map[string]map[string]pair{
	"SSL": {
		"ca": {"ca /a", "ca"}, "certificate": {"certificate /a", "certificate"}, "key": {"key /a", "key"}, "password": {"password a", "password"},
	},
	"virtual_server": {
		"alpha":                   {"alpha", ""},
		"connect_timeout":         {"connect_timeout 1.5", "connect_timeout 0"},
		"delay_before_retry":      {"delay_before_retry 2", "delay_before_retry -1"},
		"delay_loop":              {"delay_loop 2.5", "delay_loop 0"},
		"flag-1":                  {"flag-1", ""},
		"flag-2":                  {"flag-2", ""},
		"flag-3":                  {"flag-3", ""},
		"ha_suspend":              {"ha_suspend", ""},
		"hashed":                  {"lb_algo sh\nhashed", "hashed"},
		"hysteresis":              {"real_server 10.0.0.2 80 {\nweight 9\n}\nquorum 5\nhysteresis 2", "hysteresis 1"},
		"inhibit_on_failure":      {"inhibit_on_failure", ""},
		"ip_family":               {"ip_family inet", "ip_family inet6"},
		"lb_algo":                 {"lb_algo wrr", "lb_algo wrong"},
		"lb_kind":                 {"lb_kind DR", "lb_kind FULLNAT"},
		"lvs_method":              {"lvs_method DR", "lvs_method FULLNAT"},
		"lvs_sched":               {"lvs_sched wrr", "lvs_sched wrong"},
		"mh-fallback":             {"lb_algo mh\nmh-fallback", "mh-fallback"},
		"mh-port":                 {"lb_algo mh\nmh-port", "mh-port"},
		"omega":                   {"omega", ""},
		"ops":                     {"protocol UDP\nops", "ops"},
		"persistence_engine":      {"persistence_engine sip", "persistence_engine a_name_that_is_too_long"},
		"persistence_granularity": {"persistence_timeout 50\npersistence_granularity 255.255.255.0", "persistence_granularity 300.1.1.1"},
		"persistence_timeout":     {"persistence_timeout 50", "persistence_timeout 0"},
		"protocol":                {"protocol SCTP", "protocol ICMP"},
		"quorum":                  {"real_server 10.0.0.2 80 {\nweight 9\n}\nquorum 3", "quorum 0"},
		"quorum_down":             {"quorum_down /bin/true", "quorum_down"},
		"quorum_up":               {"quorum_up /bin/true", "quorum_up"},
		"real_server":             {"real_server 10.0.0.7 80 {\n}", "real_server 10.0.0.777 80 {\n}"},
		"retry":                   {"retry 7", "retry 0"},
		"sh-fallback":             {"lb_algo sh\nsh-fallback", "sh-fallback"},
		"sh-port":                 {"lb_algo sh\nsh-port", "sh-port"},
		"smtp_alert":              {"smtp_alert", "smtp_alert maybe"},
		"sorry_server":            {"sorry_server 10.0.0.9 80", "sorry_server 10.0.0.999 80"},
		"sorry_server_inhibit":    {"sorry_server 10.0.0.9 80\nsorry_server_inhibit", "sorry_server_inhibit"},
		"sorry_server_lvs_method": {"sorry_server 10.0.0.9 80\nsorry_server_lvs_method DR", "sorry_server_lvs_method DR"},
		"virtualhost":             {"virtualhost www.example.org", "virtualhost"},
		"warmup":                  {"warmup 0", "warmup soon"},
		"weight":                  {"weight 7", "weight 0"},
	},
	"virtual_server/lb_kind":                 method("lb_kind"),
	"virtual_server/lvs_method":              method("lvs_method"),
	"virtual_server/sorry_server_lvs_method": method("sorry_server 10.0.0.9 80\nsorry_server_lvs_method"),
	"virtual_server/real_server": {
		"HTTP_GET":           {"HTTP_GET {\nurl {\npath /\n}\n}", "HTTP_GET {\n}"},
		"SSL_GET":            {"SSL_GET {\nurl {\npath /\n}\n}", "SSL_GET {\n}"},
		"TCP_CHECK":          {"TCP_CHECK {\n}", "TCP_CHECK {\nconnect_port 0\n}"},
		"alpha":              {"alpha", "alpha maybe"},
		"connect_timeout":    {"connect_timeout 1.5", "connect_timeout 0"},
		"delay_before_retry": {"delay_before_retry 2", "delay_before_retry -1"},
		"delay_loop":         {"delay_loop 2.5", "delay_loop 0"},
		"inhibit_on_failure": {"inhibit_on_failure", "inhibit_on_failure maybe"},
		"lthreshold":         {"uthreshold 9\nlthreshold 3", "lthreshold few"},
		"lvs_method":         {"lvs_method DR", "lvs_method FULLNAT"},
		"notify_down":        {"notify_down /bin/true", "notify_down"},
		"notify_up":          {"notify_up /bin/true", "notify_up"},
		"retry":              {"retry 7", "retry 0"},
		"smtp_alert":         {"smtp_alert false", "smtp_alert maybe"},
		"uthreshold":         {"uthreshold 9", "uthreshold many"},
		"virtualhost":        {"virtualhost www.example.org", "virtualhost"},
		"warmup":             {"warmup 0", "warmup soon"},
		"weight":             {"weight 7", "weight 2147483648"},
	},
	"virtual_server/real_server/lvs_method":   method("lvs_method"),
	"virtual_server/real_server/TCP_CHECK":    checkPairs,
	"virtual_server/real_server/HTTP_GET":     checkPairs,
	"virtual_server/real_server/SSL_GET":      checkPairs,
	"virtual_server/real_server/HTTP_GET/url": urlPairs,
	"virtual_server/real_server/SSL_GET/url":  urlPairs,
	"virtual_server_group": {
		"<IPADDR>":       {"192.0.2.9 80", "192.0.2.999 80"},
		"<IPADDR RANGE>": {"192.0.2.9-12 80", "192.0.2.9-7 80"},
		"fwmark":         {"fwmark 9", "fwmark many"},
	},
	"": {
		"SSL":                  {"SSL {\nca /a\n}", "SSL {\n}\nSSL {\n}"},
		"virtual_server":       {"virtual_server 192.0.2.60 80 {\nprotocol TCP\nlvs_sched rr\nlvs_method NAT\nreal_server 10.0.0.1 80 {\n}\n}", "virtual_server {\n}"},
		"virtual_server_group": {"virtual_server_group H {\n192.0.2.9 80\n}", "virtual_server_group {\n}"},
	},
}

func method(before string) map[string]pair {
	all := make(map[string]pair, len(methodPairs))
	for name, p := range methodPairs {
		all[name] = pair{strings.ReplaceAll(p.good, "%s", before), strings.Replace(p.bad, "%s", before, 1)}
	}
	return all
}

// pairShell is the text around the lines of a block.
func pairShell(block string) string {
	switch real, checker, _ := strings.Cut(block, "real_server/"); {
	case block == "":
		return "%s\n"
	case block == "virtual_server_group":
		return "virtual_server_group G {\n192.0.2.8 80\n%s\n}\n" + strings.Replace(strings.Replace(serverShells["virtual_server"], "192.0.2.50 80", "group G", 1), "%s", "", 1)
	case strings.HasSuffix(checker, "_GET/url"):
		return strings.Replace(serverShells["real_server"], "%s", strings.TrimSuffix(checker, "/url")+" {\nurl {\npath /\n%s\n}\n}", 1)
	case strings.HasSuffix(checker, "_GET"):
		return strings.Replace(serverShells["real_server"], "%s", checker+" {\nurl {\npath /\n}\n%s\n}", 1)
	case checker == "TCP_CHECK":
		return strings.Replace(serverShells["real_server"], "%s", checker+" {\n%s\n}", 1)
	case strings.HasSuffix(real, "virtual_server/") && checker != "", strings.HasSuffix(block, "/real_server"):
		return serverShells["real_server"]
	case block == "SSL":
		return serverShells["SSL"]
	}
	return serverShells["virtual_server"]
}

// goodStatus is what some lines of pairs that work have otherwise than 0: deprecated, or said again.
var goodStatus = map[string]parser.Status{"nb_get_retry": parser.StatusConfig, "path": parser.StatusConfig}

const secured = "global_defs {\nenable_script_security\nscript_user root\n}\n"

// pairOf finds the rows of a keyword.
func pairOf(block, name string) (pair, bool) {
	if p, ok := serverPairs[block][name]; ok {
		return p, true
	}
	if name == "tls_compliant" && strings.Contains(block, "SSL_GET") {
		return pair{"tls_compliant", "tls_compliant maybe"}, true
	}
	if strings.HasSuffix(block, "_GET") {
		p, ok := httpPairs[name]
		return p, ok
	}
	return pair{}, false
}

// base is the good row without its last line, or nothing when that ends a block.
func (p pair) base() string {
	i := strings.LastIndexByte(p.good, '\n')
	if i < 0 || strings.HasSuffix(p.good, "}") {
		return ""
	}
	return p.good[:i]
}

// TestServerPairs has for each keyword of virtual servers and checks that works a line that changes the configuration and one that does not.
func TestServerPairs(t *testing.T) {
	Walk(func(path string, k *Keyword) {
		if k.Effect != Acts || !strings.HasPrefix(path, "virtual_server") && !strings.HasPrefix(path, "SSL") {
			return
		}
		block, name := "", path
		if i := strings.LastIndexByte(path, '/'); i >= 0 {
			block, name = path[:i], path[i+1:]
		}
		p, ok := pairOf(block, name)
		if !ok {
			t.Errorf("%s has no rows", path)
			return
		}
		decode := func(lines string) (Config, []parser.Diagnostic) {
			return decodeText(t, secured+strings.Replace(pairShell(block), "%s", lines, 1))
		}
		without, diags := decode(p.base())
		if got := status(diags); got != parser.StatusOK {
			t.Errorf("%s: the text without it is faulty: %v", path, diags)
		}
		with, diags := decode(p.good)
		if got := status(diags); got != goodStatus[name] || reflect.DeepEqual(without, with) {
			t.Errorf("%s: %q has status %d, want %d and a change; %v", path, p.good, got, goodStatus[name], diags)
		}
		optional := strings.HasPrefix(k.Syntax, "(flag") || strings.HasPrefix(k.Syntax, "[")
		if _, diags = decode(p.bad); len(diags) == 0 && (p.bad != "" || !optional) {
			t.Errorf("%s: nothing is said of %q", path, p.bad)
		}
	})
}

package check

import (
	"testing"

	"keepalived-go/check/httpget"
	"keepalived-go/config"
)

// TestServerName shows which name a server is called by in TLS: not that of the real server.
func TestServerName(t *testing.T) {
	for _, row := range []struct{ name, vs, rs, check, url, want string }{
		{"of the virtual server", "virtualhost v", "", "enable_sni", "", "v"},
		{"of the real server", "", "virtualhost r", "enable_sni", "", ""},
		{"of the virtual server, beside the real server's", "virtualhost v", "virtualhost r", "enable_sni", "", "v"},
		{"of the check", "virtualhost v", "virtualhost r", "virtualhost c;enable_sni", "", "c"},
		{"of the check, the same as the real server's", "virtualhost v", "virtualhost r", "virtualhost r;enable_sni", "", "r"},
		{"of the url", "virtualhost v", "virtualhost r", "virtualhost c;enable_sni", "virtualhost u", "u"},
		{"given", "virtualhost v", "virtualhost r", "sni_name s", "virtualhost u", "s"},
		{"none wanted", "virtualhost v", "", "", "", ""},
	} {
		cfg := decode(t, vsText(row.vs, row.rs+";SSL_GET {;"+row.check+";url {;path /;"+row.url+";};}"))
		vs := &cfg.VirtualServers[0]
		rs := &vs.RealServers[0]
		h := rs.Checkers[0].Detail.(config.HTTPCheck)
		target := Target{Checker: &rs.Checkers[0], Server: rs, Service: vs, Identity: httpget.Identity{}}
		if got := target.encryption(&h, &h.URLs[0]).ServerName; got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

package checks

import (
	"fmt"
	"net/netip"
	"strings"

	"keepalived-go/test/lab"
)

// webConfig has a page for each kind of answer that a check may want.
const webConfig = `daemon off;
master_process off;
user root;
pid %[1]s/nginx.pid;
error_log stderr;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path %[1]s/tmp/body;
    proxy_temp_path %[1]s/tmp/proxy;
    fastcgi_temp_path %[1]s/tmp/fastcgi;
    uwsgi_temp_path %[1]s/tmp/uwsgi;
    scgi_temp_path %[1]s/tmp/scgi;
    server_tokens off;
    server {
        listen 80;
        listen 443 ssl;
        ssl_certificate %[1]s/web.pem;
        ssl_certificate_key %[1]s/web.pem;
        root %[1]s;
        location /text { return 200 "one two ONE TWO\nthree four\n"; }
        location /host { return 200 "$http_host"; }
        location /name { return 200 "$ssl_server_name"; }
        location /protocol { return 200 "$server_protocol $http_connection"; }
        location /moved { return 301 /text; }
        location /nothing { return 204; }
        location /not { return 404; }
        location /teapot { return 418; }
        location /broken { return 503; }
        location /files { }
    }
}
`

// bigPage is longer than what a check reads at a time.
var bigPage = strings.Repeat("All work and no play makes Jack a dull boy.\n", 3000) + "The end.\n"

// addWeb starts nginx on a host that has the addresses of its rows.
func (s *site) addWeb() {
	s.t.Helper()
	s.web = s.add("web", netip.MustParsePrefix("10.2.0.2/16"))
	s.must(s.web.IP(s.ctx, "route add local 10.2.2.0/24 dev lo"))
	for name, content := range map[string]string{
		"files": bigPage, "web.pem": newIdentity(s.t, "web").pem(), "nginx.conf": fmt.Sprintf(webConfig, lab.Dir),
	} {
		_, err := s.web.Write(name, content, 0o644)
		s.must(err)
	}
	nginx := lab.Debian(sourceRoot, "usr/sbin/nginx")
	p, err := s.web.Start(nginx.Path, []string{"-e", "stderr", "-p", lab.Dir, "-c", lab.Dir + "/nginx.conf"}, nginx.Env)
	s.must(err)
	err = lab.Until(s.ctx, "nginx to listen", func() error {
		c, err := s.web.Dial(s.ctx, "tcp", "10.2.2.1:443")
		if err == nil {
			err = c.Close()
		}
		return err
	})
	if err != nil {
		s.t.Fatalf("%v\n%s", err, p.Output())
	}
}

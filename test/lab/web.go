package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// nginxConfig serves one folder and keeps every other file in Dir.
const nginxConfig = `daemon off;
master_process off;
user root;
pid %[1]s/nginx.pid;
error_log stderr;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path %[1]s/tmp/body;
    proxy_temp_path %[1]s/tmp/proxy;
    fastcgi_temp_path %[1]s/tmp/fastcgi;
    uwsgi_temp_path %[1]s/tmp/uwsgi;
    scgi_temp_path %[1]s/tmp/scgi;
    server {
        listen 80;
        root %[1]s/www;
    }
}
`

// Serve starts Debian's nginx on the host with a page of its own, and
// returns when it answers on the host's address.
func (h *Host) Serve(ctx context.Context, root, page string) error {
	if err := os.MkdirAll(h.Path(Dir+"/www"), 0o755); err != nil {
		return err
	}
	if _, err := h.Write("www/index.html", page+"\n", 0o644); err != nil {
		return err
	}
	config, err := h.Write("nginx.conf", fmt.Sprintf(nginxConfig, Dir), 0o644)
	if err != nil {
		return err
	}
	nginx := Debian(root, "usr/sbin/nginx")
	p, err := h.Start(nginx.Path, []string{"-e", "stderr", "-p", Dir, "-c", config}, nginx.Env)
	if err != nil {
		return err
	}
	h.Web = p
	err = Until(ctx, "nginx to answer", func() error {
		_, err := h.Get(ctx, h.Address.Addr().String())
		return err
	})
	if err != nil {
		return fmt.Errorf("%w\n%s", err, p.Output())
	}
	return nil
}

// readTime bounds one attempt to read a page. A first packet that is lost is
// sent again after a second; a new attempt is sooner there.
const readTime = 250 * time.Millisecond

// Get reads the page at an address from the host, once.
func (h *Host) Get(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
			return h.Dial(ctx, network, to)
		},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(response.Body)
	return firstLine(body), errors.Join(err, response.Body.Close())
}

// SyslogConfig is the path of the syslog configuration of Debian's package.
func SyslogConfig(root string) string {
	return filepath.Join(root, ".cache/debs/root/etc/rsyslog.conf")
}

// Syslog starts Debian's rsyslogd on the host with a configuration file and
// returns when it listens on /dev/log.
func (h *Host) Syslog(ctx context.Context, root, config string) (*Process, error) {
	syslog := Debian(root, "usr/sbin/rsyslogd")
	modules, err := filepath.Glob(filepath.Join(root, ".cache/debs/root/usr/lib/*/rsyslog"))
	if err != nil || len(modules) == 0 {
		return nil, fmt.Errorf("no rsyslog in .cache/debs: %w", os.ErrNotExist)
	}
	p, err := h.Start(syslog.Path, []string{"-n", "-i", Dir + "/rsyslogd.pid", "-f", config, "-M", modules[0]}, syslog.Env)
	if err != nil {
		return nil, err
	}
	return p, Until(ctx, "rsyslogd to listen", func() error {
		_, err := os.Stat(h.Path("/dev/log"))
		return err
	})
}

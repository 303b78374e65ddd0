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
)

// ProxyConfig is the configuration of haproxy that the demonstration has: port 80 leads to the web servers at
// 192.168.4.100 and 192.168.4.200, and port 1080 has statistics.
func ProxyConfig(root string) (string, error) {
	config, err := os.ReadFile(filepath.Join(root, "testdata/demo/haproxy.cfg"))
	return string(config), err
}

// Proxy starts Debian's haproxy on the host, and returns when it answers on the host's address.
func (h *Host) Proxy(ctx context.Context, root, config string) (*Process, error) {
	path, err := h.Write("haproxy.cfg", config, 0o644)
	if err != nil {
		return nil, err
	}
	haproxy := Debian(root, "usr/sbin/haproxy")
	p, err := h.Start(haproxy.Path, []string{"-db", "-f", path}, haproxy.Env)
	if err != nil {
		return nil, err
	}
	err = Until(ctx, "haproxy to answer", func() error {
		_, err := h.Fetch(ctx, "http://"+h.Address.Addr().String()+"/", "", "")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, p.Output())
	}
	return p, nil
}

// Fetch reads a page from the host, once, as a user with a password where one is given. Every status but 200 is an error.
func (h *Host) Fetch(ctx context.Context, url, user, password string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 4*readTime)
	defer cancel()
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
			return h.Dial(ctx, network, to)
		},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	if user != "" {
		request.SetBasicAuth(user, password)
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(response.Body)
	err = errors.Join(err, response.Body.Close())
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", url, response.Status)
	}
	return string(body), err
}

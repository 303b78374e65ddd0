package inside

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

var sourceRoot string

func TestMain(m *testing.M) {
	if _, err := os.Stat("/proc/net/ip_vs"); err != nil {
		fmt.Fprintln(os.Stderr, "inside: these tests run in a virtual machine (make vm):", err)
		os.Exit(1)
	}
	var err error
	if sourceRoot, err = lab.Root(); err != nil {
		fmt.Fprintln(os.Stderr, "inside:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// patience is generous, because the machine may be emulated and its host busy.
const patience = time.Minute

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// on runs a shell command on a host of a lab and returns what it wrote.
func on(t *testing.T, h *lab.Host, script string) string {
	t.Helper()
	status, output, err := h.Run(deadline(t), "/bin/sh", []string{"-c", script}, nil)
	if err != nil || status != 0 {
		t.Fatalf("%s: %s: status %d, %v\n%s", h.Name, script, status, err, output)
	}
	return output
}

// TestSchedulers shows that every scheduler that Debian's kernel has can be used.
func TestSchedulers(t *testing.T) {
	h := newHost(t)
	for i, scheduler := range strings.Fields("rr wrr lc wlc fo ovf lblc lblcr dh sh mh sed nq") {
		service := fmt.Sprintf("192.0.2.1:%d", 1000+i)
		on(t, h, "ipvsadm -A -t "+service+" -s "+scheduler)
		if table := on(t, h, "ipvsadm -Sn"); !strings.Contains(table, "-A -t "+service+" -s "+scheduler+"\n") {
			t.Errorf("no %s in\n%s", scheduler, table)
		}
	}
	on(t, h, "! ipvsadm -A -t 192.0.2.1:1 -s unheard-of")
}

// TestModules shows that the kernel loads what it is asked for by itself.
func TestModules(t *testing.T) {
	h := newHost(t)
	for _, row := range []struct{ name, script string }{
		{"dummy", "ip link add x type dummy"},
		{"macvlan", "ip link add x link eth0 type macvlan mode bridge"},
		{"ipvlan", "ip link add x link eth0 type ipvlan mode l2"},
		{"vlan", "ip link add x link eth0 type vlan id 5"},
		{"vrf", "ip link add x type vrf table 10"},
		{"ipip", "ip link add x type ipip local 192.0.2.1 remote 192.0.2.2"},
		{"gre", "ip link add x type gre local 192.0.2.1 remote 192.0.2.2"},
		{"sit", "ip link add x type sit local 192.0.2.1 remote 192.0.2.2"},
		{"ip6tnl", "ip link add x type ip6tnl local 2001:db8::1 remote 2001:db8::2"},
		{"ip6gre", "ip link add x type ip6gre local 2001:db8::1 remote 2001:db8::2"},
		{"fou", "ip fou add port 5555 ipproto 4 && ip link add x type ipip local 192.0.2.1 remote 192.0.2.2 encap fou encap-sport auto encap-dport 5555"},
		{"gue", "ip fou add port 5556 gue && ip link add x type ipip local 192.0.2.1 remote 192.0.2.2 encap gue encap-sport auto encap-dport 5556"},
		{"masquerading", "nft add table ip t && nft 'add chain ip t c { type nat hook postrouting priority 100; }' && nft add rule ip t c masquerade"},
		{"marks", "nft add table inet m && nft 'add chain inet m c { type filter hook prerouting priority -150; }' && nft add rule inet m c tcp dport 80 mark set 1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			on(t, h, row.script)
			on(t, h, "ip link del x 2>/dev/null; true")
		})
	}
	t.Run("sctp", func(t *testing.T) {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_SCTP)
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(fd)
	})
}

func newHost(t *testing.T) *lab.Host {
	t.Helper()
	return newHosts(t, "192.168.4.1/24")[0]
}

// newHosts makes a lab of hosts with the addresses given.
func newHosts(t *testing.T, addresses ...string) []*lab.Host {
	t.Helper()
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	for i, address := range addresses {
		if _, err := l.AddHost(fmt.Sprintf("host%d", i), netip.MustParsePrefix(address)); err != nil {
			t.Fatal(err)
		}
	}
	return l.Hosts()
}

// TestNAT shows a virtual server with two real ones behind it that a client
// reads from, and that each network namespace has a table of its own.
func TestNAT(t *testing.T) {
	hosts := newHosts(t, "192.168.4.5/24", "192.168.4.1/24", "192.168.5.11/24", "192.168.5.12/24")
	client, director, servers := hosts[0], hosts[1], hosts[2:]
	if err := director.AddAddress(netip.MustParsePrefix("192.168.5.1/24")); err != nil {
		t.Fatal(err)
	}
	on(t, director, "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects; "+
		"echo 0 > /proc/sys/net/ipv4/conf/eth0/send_redirects; ipvsadm -A -t 192.168.4.1:80 -s rr")
	for _, s := range servers {
		on(t, s, "ip route add default via 192.168.5.1")
		if err := s.Serve(deadline(t), sourceRoot, "page of "+s.Name); err != nil {
			t.Fatal(err)
		}
		on(t, director, "ipvsadm -a -t 192.168.4.1:80 -r "+s.Address.Addr().String()+":80 -m")
	}
	const read = "curl -s --max-time 20 http://192.168.4.1/"
	got := map[string]int{}
	for range 4 {
		got[strings.TrimSpace(on(t, client, read))]++
	}
	for _, s := range servers {
		if got["page of "+s.Name] != 2 {
			t.Errorf("four reads gave %v, want two of %s", got, s.Name)
		}
	}
	if table := on(t, client, "ipvsadm -Sn"); table != "" {
		t.Errorf("the client's table is\n%s", table)
	}
}

// TestKeepalived shows that Debian's keepalived programs the kernel here.
func TestKeepalived(t *testing.T) {
	h := newHost(t)
	const configuration = `virtual_server 192.168.4.1 80 {
    lb_algo wrr
    lb_kind DR
    protocol TCP
    real_server 192.168.4.2 80 {
        weight 3
    }
}
`
	d, err := h.Keepalived(lab.Debian(sourceRoot, "usr/sbin/keepalived"), configuration)
	if err != nil {
		t.Fatal(err)
	}
	const want = "-A -t 192.168.4.1:80 -s wrr\n-a -t 192.168.4.1:80 -r 192.168.4.2:80 -g -w 3\n"
	err = lab.Until(deadline(t), "the table", func() error {
		if got := on(t, h, "ipvsadm -Sn"); got != want {
			return fmt.Errorf("the table is %q", got)
		}
		return nil
	})
	if err != nil {
		t.Errorf("%v\n%s", err, d.Output())
	}
}

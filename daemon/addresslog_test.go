package daemon

import (
	"errors"
	"io"
	"net/netip"
	"slices"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"

	"keepalived-go/netif"
)

func TestAddressLog(t *testing.T) {
	logger, hook := test.NewNullLogger()
	logger.SetOutput(io.Discard)
	a := addressLog{log: logrus.NewEntry(logger)}
	state := func(links ...netif.Link) netif.State {
		s := netif.State{ByIndex: map[int]netif.Link{}}
		for _, l := range links {
			s.ByIndex[l.Index] = l
		}
		return s
	}
	link := func(index int, name string, addresses ...string) netif.Link {
		l := netif.Link{Index: index, Name: name}
		for _, p := range addresses {
			l.Addresses = append(l.Addresses, netip.MustParsePrefix(p))
		}
		return l
	}
	for _, step := range []struct {
		name  string
		state netif.State
		err   error
		want  []string
	}{
		{"the first look", state(link(1, "lo", "127.0.0.1/8"), link(2, "eth0", "192.0.2.1/24", "fe80::1/64")), nil, []string{
			"127.0.0.1 added to lo", "192.0.2.1 added to eth0", "fe80::1 added to eth0",
		}},
		{"nothing", state(link(2, "eth0", "fe80::1/64", "192.0.2.1/24"), link(1, "lo", "127.0.0.1/8")), nil, nil},
		{"one comes, one goes", state(link(1, "lo", "127.0.0.1/8"), link(2, "eth0", "192.0.2.1/24", "192.0.2.9/24")), nil, []string{
			"fe80::1 removed from eth0", "192.0.2.9 added to eth0",
		}},
		{"no view", netif.State{}, errors.New("no buffer"), nil},
		{"another length", state(link(1, "lo", "127.0.0.1/8"), link(2, "eth0", "192.0.2.1/24", "192.0.2.9/32")), nil, []string{
			"192.0.2.9 removed from eth0", "192.0.2.9 added to eth0",
		}},
		{"an interface goes", state(link(1, "lo", "127.0.0.1/8")), nil, []string{
			"192.0.2.1 removed from eth0", "192.0.2.9 removed from eth0",
		}},
	} {
		hook.Reset()
		a.report(step.state, step.err)
		var got []string
		for _, e := range hook.AllEntries() {
			got = append(got, e.Message[len("Netlink reflector reports IP "):])
		}
		if !slices.Equal(got, step.want) {
			t.Errorf("%s: %q, want %q", step.name, got, step.want)
		}
	}
}

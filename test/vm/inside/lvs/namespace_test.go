package lvs

import (
	"fmt"
	"strings"
	"testing"

	"keepalived-go/test/lab"
)

// TestIPVSNamespace has the table of virtual servers in another network
// namespace than the checks: in one with a name, and from one with a name in
// that of the first process.
func TestIPVSNamespace(t *testing.T) {
	const unchecked = "virtual_server " + service4 + " 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\nreal_server 10.2.0.11 80 {\n}\n}\n"
	for name, row := range map[string]struct {
		config          string
		host, elsewhere int // services
	}{
		"by name":   {"net_namespace_ipvs blue\n" + twoServers, 0, 1},
		"the first": {"net_namespace blue\nnet_namespace_ipvs\n" + unchecked, 1, 0},
		"the same":  {"net_namespace blue\n" + unchecked, 0, 1},
	} {
		for _, program := range []lab.Program{ours, peer} {
			t.Run(name+"/"+program.Name, func(t *testing.T) {
				t.Parallel()
				f := newFarm(t, 2)
				f.must(f.director.IP(f.patience(), "netns add blue"))
				f.must(f.director.IP(f.patience(), "-n blue link set lo up")) // without any route there can be no server
				d, err := f.director.Keepalived(program, row.config)
				f.must(err)
				f.daemons = append(f.daemons, d)
				_, err = d.WaitLine(f.patience(), 0, "Startup complete")
				f.must(err)
				f.must(f.services(row.host, row.elsewhere))
				status, _, err := d.Stop(f.patience())
				if err != nil || status != 0 {
					t.Errorf("status %d, %v", status, err)
				}
				f.must(f.services(0, 0))
			})
		}
	}
}

// services waits until so many services are in the director's table, and in
// that of its namespace.
func (f *farm) services(host, elsewhere int) error {
	return lab.Until(f.patience(), "the tables", func() error {
		for _, table := range []struct {
			where string
			words []string
			want  int
		}{
			{"the host", []string{"/proc/net/ip_vs"}, host},
			{"the namespace", []string{"netns", "exec", "blue", "cat", "/proc/net/ip_vs"}, elsewhere},
		} {
			command := "ip"
			if len(table.words) == 1 {
				command = "cat"
			}
			_, output, err := f.director.Run(f.patience(), command, table.words, nil)
			if err != nil {
				return err
			}
			if got := strings.Count(output, "TCP "); got != table.want {
				return fmt.Errorf("%s has %d services, want %d:\n%s", table.where, got, table.want, output)
			}
		}
		return nil
	})
}

package lvs

import (
	"strings"
	"testing"
)

// TestRangeAcrossOctets has addresses of a group that the peer's version has no
// words for: it counts in the last octet only, and never comes to the end.
func TestRangeAcrossOctets(t *testing.T) {
	t.Parallel()
	f := newFarm(t, 0)
	d := f.start(`virtual_server_group pool {
    10.1.1.254-10.1.2.1 443
    10.1.3.0/30 8080
    fd01:1::/127 53
}
virtual_server group pool {
    lvs_sched rr
    lvs_method TUN
    protocol TCP
    real_server 10.2.0.11 {
    }
}
`)
	var want []string
	for _, service := range []string{
		"10.1.1.254:443", "10.1.1.255:443", "10.1.2.0:443", "10.1.2.1:443",
		"10.1.3.0:8080", "10.1.3.1:8080", "10.1.3.2:8080", "10.1.3.3:8080", "[fd01:1::]:53", "[fd01:1::1]:53",
	} {
		port := service[strings.LastIndex(service, ":"):]
		want = append(want, "-A -t "+service+" -s rr", "-a -t "+service+" -r 10.2.0.11"+port+" -i -w 1 --tun-type ipip")
	}
	f.await(want...)
	f.stop(d)
	f.await()
}

package status

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"keepalived-go/vrrp"
	"keepalived-go/vrrp/packet"
)

// TestCounters counts every reason once, each with another number, and looks where it comes out.
func TestCounters(t *testing.T) {
	var s vrrp.Stats
	number := map[packet.Reason]uint64{}
	for r := packet.OK + 1; r < packet.NumReasons; r++ {
		number[r] = 1 << r
		s.Dropped[r] = number[r]
	}
	sum := func(reasons ...packet.Reason) (n uint64) {
		for _, r := range reasons {
			n += number[r]
		}
		return n
	}
	auth := sum(packet.AuthFailure, packet.AHValue, packet.AHSource, packet.AHReplay)
	want := map[string]uint64{
		"packet_len_err": sum(packet.Length), "ip_ttl_err": sum(packet.TTLRange, packet.PeerTTL), "invalid_type_rcvd": sum(packet.Type),
		"advert_interval_err": sum(packet.Interval), "addr_list_err": sum(packet.AddressCount, packet.AddressList, packet.Unicast, packet.Multicast),
		"invalid_authtype": sum(packet.AuthTypeUnknown), "authtype_mismatch": sum(packet.AuthTypeOther, packet.AuthHeader), "auth_failure": auth,
		"auth_ext_missing": sum(packet.TrailerMissing), "auth_ext_malformed": sum(packet.TrailerMalformed), "auth_ext_unknown_key": sum(packet.TrailerKey),
		"auth_ext_invalid_hmac": sum(packet.TrailerValue), "auth_ext_stale": sum(packet.TrailerStale), "auth_ext_replay": sum(packet.TrailerReplay),
	}
	asJSON, err := json.Marshal(jsonStats(&s))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]uint64
	if err := json.Unmarshal(asJSON, &got); err != nil {
		t.Fatal(err)
	}
	for name, n := range want {
		if got[name] != n {
			t.Errorf("JSON: %s is %d, want %d", name, got[name], n)
		}
	}
	out := &text{}
	out.stats("VI_1", &s)
	for label, name := range map[string]string{
		"Length": "packet_len_err", "TTL": "ip_ttl_err", "Advertisement Interval": "advert_interval_err", "Address List": "addr_list_err",
		"Type Mismatch": "authtype_mismatch", "Failure": "auth_failure", "Missing": "auth_ext_missing", "Malformed": "auth_ext_malformed",
		"Unknown Key": "auth_ext_unknown_key", "Invalid HMAC": "auth_ext_invalid_hmac", "Stale": "auth_ext_stale", "Replay": "auth_ext_replay",
	} {
		if line := fmt.Sprintf("    %s: %d\n", label, want[name]); !strings.Contains(out.String(), line) {
			t.Errorf("keepalived.stats has no %q:\n%s", line, out)
		}
	}
}

// TestIrregular tells in keepalived.data what upstream does not count, where there is something.
func TestIrregular(t *testing.T) {
	out := &text{}
	out.irregular(&vrrp.Stats{})
	if out.String() != "" {
		t.Errorf("without anything: %q", out)
	}
	out.irregular(&vrrp.Stats{MasterConflicts: 1, OtherChecksum: 2, SendFailure: 3})
	if ok, _ := regexp.MatchString(`^   Conflicts with other masters = 1\n   Adverts with another checksum form = 2\n   Failed sends = 3\n$`, out.String()); !ok {
		t.Errorf("%q", out)
	}
}

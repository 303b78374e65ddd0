package e2e

import (
	"testing"

	"keepalived-go/test/lab"
)

// TestIncludeCheck has every kind of include_check look at every kind of file that is not there, beside Debian's.
func TestIncludeCheck(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	_, err := web.Write("there.conf", "global_defs {\nrouter_id x\n}\n", 0o644)
	n.must(err)
	seen := map[int]int{}
	for _, check := range []string{
		"", "include_check", "include_check read", "include_check match", "include_check wildcard_match", "include_check brace_match",
		"include_check +match -read", "include_check\ninclude_check -match", "include_check\ninclude_check -wildcard_match", "include_check readable",
	} {
		for _, line := range []string{"none.conf", "none*.conf", "{there,none}.conf", "{none,no}.conf", ".", "there.conf", "[t]here.conf"} {
			text := "global_defs {\n" + check + "\n}\n" + "include " + lab.Dir + "/" + line + "\n" + quick
			file, err := web.Write("check.conf", text, 0o644)
			n.must(err)
			got, said := n.configTest(ours, file)
			want, theySaid := n.configTest(peer, file)
			if got != want {
				t.Errorf("status %d, %s has %d, for\n%s\nours: %s\ntheirs: %s", got, peer.Name, want, text, said, theySaid)
			}
			seen[want]++
		}
	}
	if seen[0] == 0 || seen[5]+seen[6] == 0 {
		t.Errorf("the results are all the same: %v", seen)
	}
	t.Logf("status and how often: %v", seen)
}

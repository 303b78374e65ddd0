package config

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"keepalived-go/parser"
)

// manyInstances is a text with n instances that track a script and have two addresses each.
func manyInstances(n int) string {
	var b strings.Builder
	b.WriteString("vrrp_script chk {\nscript /bin/true\nweight 2\n}\n")
	for i := range n {
		fmt.Fprintf(&b, "vrrp_instance VI_%d {\n interface eth%d\n virtual_router_id %d\n priority 100\n advert_int 1\n", i, i/255, i%255+1)
		b.WriteString(" authentication {\n auth_type PASS\n auth_pass 1111\n }\n track_script {\n chk\n }\n")
		fmt.Fprintf(&b, " virtual_ipaddress {\n 10.%d.%d.1/24 dev eth0\n 10.%d.%d.2/24\n }\n}\n", i/256, i%256, i/256, i%256)
	}
	return b.String()
}

func parseText(b testing.TB, text string) *parser.Tree {
	b.Helper()
	src, _ := parser.ReadString("many.conf", text, parser.Options{ConfigID: "id"})
	tree, diags := parser.Parse(src)
	if len(diags) > 0 {
		b.Fatal(diags[0])
	}
	return tree
}

func BenchmarkDecode2000Instances(b *testing.B) {
	tree := parseText(b, manyInstances(2000))
	language()
	b.ReportAllocs()
	for b.Loop() {
		if c, _ := Decode(tree, Env{}); len(c.Instances) != 2000 {
			b.Fatalf("%d instances", len(c.Instances))
		}
	}
}

// Sixteen times the text may take a little more than sixteen times as long, but far from sixteen times sixteen: names
// are found by hash, and nothing scans what was read before.
func TestDecodeIsLinear(t *testing.T) {
	fastest := func(n int) time.Duration {
		tree := parseText(t, manyInstances(n))
		best := time.Hour
		for range 5 {
			begin := time.Now()
			Decode(tree, Env{})
			best = min(best, time.Since(begin))
		}
		return best
	}
	var small, large time.Duration
	for range 5 { // something else may have had the processor
		if small, large = fastest(250), fastest(4000); large <= 80*small {
			return
		}
	}
	t.Errorf("250 instances take %s, 4,000 take %s", small, large)
}

// A large file of something else is refused at once, with a bounded number of messages.
func TestRubbishIsBounded(t *testing.T) {
	tree := parseText(t, strings.Repeat("prioriti 5\nvirtual_ipadress 7\n", 50_000))
	begin := time.Now()
	_, diags := Decode(tree, Env{})
	if took := time.Since(begin); len(diags) != maxDiagnostics || took > 10*time.Second {
		t.Errorf("%d diagnostics in %s", len(diags), took)
	}
}

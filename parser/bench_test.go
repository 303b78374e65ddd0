package parser

import (
	"fmt"
	"strings"
	"testing"
)

// largeConfiguration has 2,277 virtual servers with 16 real servers each, about 305,000 lines.
func largeConfiguration() string {
	var b strings.Builder
	for v := range 2277 {
		fmt.Fprintf(&b, "virtual_server 10.%d.%d.%d 80 {\n    delay_loop 6\n    lb_algo rr\n    lb_kind NAT\n    protocol TCP\n", v>>16, v>>8&255, v&255)
		for n := range 16 {
			fmt.Fprintf(&b, "    real_server 192.168.%d.%d 80 {\n        weight 1\n        TCP_CHECK {\n            connect_timeout 3\n            connect_port 80\n        }\n    }\n\n", n, v%250+1)
		}
		b.WriteString("}\n\n")
	}
	return b.String()
}

func BenchmarkReadAndParse(b *testing.B) {
	text := largeConfiguration()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		t, diags := ReadString("large.conf", text, Options{ConfigID: "x"})
		tree, more := Parse(t)
		if len(tree.Statements) != 2277 || len(diags)+len(more) != 0 {
			b.Fatalf("%d statements, %d diagnostics", len(tree.Statements), len(diags)+len(more))
		}
	}
}

func BenchmarkRead(b *testing.B) {
	text := largeConfiguration()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		ReadString("large.conf", text, Options{ConfigID: "x"})
	}
}

package config

import (
	"fmt"
	"strings"
	"testing"

	"keepalived-go/parser"
)

// manyServers is a configuration of n virtual servers with m real servers each, every one with a TCP_CHECK.
func manyServers(n, m int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "virtual_server 10.%d.%d.1 80 {\n\tdelay_loop 6\n\tlb_algo rr\n\tlb_kind NAT\n\tprotocol TCP\n", i/250, i%250)
		for j := range m {
			fmt.Fprintf(&b, "\treal_server 192.168.%d.%d 80 {\n\t\tweight 1\n\t\tTCP_CHECK {\n\t\t\tconnect_timeout 3\n\t\t\tretry 3\n\t\t\tdelay_before_retry 3\n\t\t}\n\t}\n", i%250, j+1)
		}
		b.WriteString("}\n")
	}
	return b.String()
}

func BenchmarkDecodeServers(b *testing.B) {
	text, diags := parser.ReadString("k.conf", manyServers(2277, 16), parser.Options{})
	tree, more := parser.Parse(text)
	if len(diags)+len(more) > 0 {
		b.Fatal(diags, more)
	}
	b.ReportAllocs()
	for b.Loop() {
		c, ds := Decode(tree, Env{})
		if len(c.VirtualServers) != 2277 || len(ds) > 1 {
			b.Fatal(len(c.VirtualServers), ds)
		}
	}
}

package iptables

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	if _, err := os.Stat("/proc/net/ip_vs"); err != nil {
		fmt.Fprintln(os.Stderr, "iptables: these tests run in a virtual machine (make vm):", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

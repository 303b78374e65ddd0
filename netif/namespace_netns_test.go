package netif

import (
	"encoding/json"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netns"
)

// patience bounds every wait for something that is sure to come.
const patience = 10 * time.Second

// enterNamespace moves the test into a network namespace of its own. The thread ends with the test's goroutine.
func enterNamespace(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	ns, err := netns.New()
	if err != nil {
		t.Fatalf("new network namespace: %v", err)
	}
	t.Cleanup(func() { _ = ns.Close() })
	ip(t, "link set lo up")
}

// ip runs ip(8) in the namespace of the test.
func ip(t *testing.T, arguments string) []byte {
	t.Helper()
	out, err := exec.Command("ip", strings.Fields(arguments)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ip %s: %v: %s", arguments, err, out)
	}
	return out
}

// ipAddresses is what ip -j addr says of one interface, less what belongs to the moment.
func ipAddresses(t *testing.T, dev string) []map[string]any {
	t.Helper()
	var links []struct {
		Addresses []map[string]any `json:"addr_info"`
	}
	if err := json.Unmarshal(ip(t, "-d -j addr show dev "+dev), &links); err != nil {
		t.Fatal(err)
	}
	if len(links) != 1 {
		t.Fatalf("%d links named %s", len(links), dev)
	}
	return links[0].Addresses
}

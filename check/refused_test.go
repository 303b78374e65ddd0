package check

import (
	"syscall"
	"testing"
	"time"

	"keepalived-go/ipvs"
)

// TestRefusedServer has the kernel take a service and refuse its server. The
// service goes with the end, and with the configuration, all the same.
func TestRefusedServer(t *testing.T) {
	for name, end := range map[string]func(n *node){
		"at the stop":   func(n *node) { n.stop() },
		"with a reload": func(n *node) { n.reload(vsAt("10.1.0.101 80", "", "")); wait(time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, n *node) {
				n.kernel.refuse = func(op ipvs.Operation) error {
					if op.Verb == ipvs.AddDestination {
						return syscall.EINVAL
					}
					return nil
				}
				n.start(vsWith("", ""))
				expect(t, "table", n.kernel.show(), "10.1.0.100:80:")
				end(n)
				if got := n.kernel.show(); got != "" && got != "10.1.0.101:80:" {
					t.Errorf("the table is left with %q", got)
				}
				if name == "with a reload" {
					n.stop()
				}
				expect(t, "table at the end", n.kernel.show(), "")
			})
		})
	}
}

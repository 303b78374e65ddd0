package e2e

import (
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// TestLogFacility reads the lines as a log daemon gets them: each has the facility that -S names, beside Debian's.
func TestLogFacility(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		options string
		want    int
	}{{"-D", 3}, {"-D -S 0", 16}, {"-D -S7", 23}, {"-D --log-facility=3", 19}, {"-D --log-facility 1", 17}} {
		for _, p := range []lab.Program{ours, peer} {
			t.Run(row.options+" "+p.Name, func(t *testing.T) {
				t.Parallel()
				n := newNetwork(t, dialects[1])
				web := n.web[0]
				log, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: web.Path("/dev/log"), Net: "unixgram"})
				n.must(err)
				defer func() { _ = log.Close() }()
				n.must(os.Chmod(web.Path("/dev/log"), 0o666))
				daemon := n.start(web, p, quick, strings.Fields(row.options)...)
				deadline, _ := n.context(n.dialect.interval).Deadline()
				n.must(log.SetReadDeadline(deadline))
				// Lines of both processes, up to the one that comes last.
				line := regexp.MustCompile(`^<(\d+)>.* (Keepalived\w*)\[\d+\]: `)
				idents := map[string]bool{}
				for buffer, last := make([]byte, 4096), false; !last; {
					size, err := log.Read(buffer)
					n.must(err)
					text := string(buffer[:size])
					m := line.FindStringSubmatch(text)
					if m == nil {
						t.Fatalf("%q is no line of a daemon", text)
					}
					if code, _ := strconv.Atoi(m[1]); code>>3 != row.want {
						t.Errorf("facility %d, want %d: %q", code>>3, row.want, text)
					}
					idents[m[2]] = true
					last = strings.Contains(text, "Sending/queueing gratuitous ARPs")
				}
				if fmt.Sprint(idents) != "map[Keepalived:true Keepalived_vrrp:true]" {
					t.Errorf("lines came from %v", idents)
				}
				n.must(log.SetReadDeadline(time.Time{}))
				go func() { _, _ = io.Copy(io.Discard, log) }() // Debian's waits for whoever reads
				n.stop(daemon)
			})
		}
	}
}

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"keepalived-go/test/lab"
)

// TestTrackFaultAtStart starts instances whose trackers are in Fault or without a result, and compares whom the programs
// tell of it.
func TestTrackFaultAtStart(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ before, lines string }{
		"file":              {"echo 1 > " + numberFile, "track_file {\nf\n}\n"},
		"interface":         {"ip link set dum0x down", "track_interface {\ndum0\n}\n"},
		"script that fails": {"true", "track_script {\nno\n}\n"},
		"script":            {"true", "track_script {\nyes\n}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			global := "global_defs {\nscript_user root\nvrrp_notify_fifo " + lab.Dir + "/tmp/fifo\nvrrp_notify_fifo_script \"" + lab.Dir + "/reader.sh all\"\n}\n" +
				"vrrp_script no {\nscript /bin/false\ninterval 1\n}\nvrrp_script yes {\nscript /bin/true\ninterval 1\n}\ntrack_file f {\nfile " + numberFile + "\nweight 0\n}\n"
			var told [2]string
			for i, p := range []lab.Program{ours, peer} {
				host := n.web[i]
				_, err := host.Write("reader.sh", fifoReader, 0o755)
				n.must(err)
				n.must(host.AddInterface("dum0"))
				n.shell(host, row.before)
				// The second instance shows that the first one's time is over.
				other := n.dialect.instance("VI_2", vrid+2+i, "BACKUP", high, fmt.Sprintf("192.168.4.%d", 90+i), "")
				d := n.start(host, p, global+n.dialect.instance("VI_1", vrid+i, "BACKUP", high, fmt.Sprintf("192.168.4.%d", 80+i), row.lines)+other)
				wait := []step{{"", "(VI_2) Entering MASTER STATE"}}
				switch name {
				case "script":
					wait = append(wait, step{"", toMaster})
				case "script that fails":
					wait = append(wait, step{"", "VRRP_Script(no) failed"})
				}
				n.follow(d, host, wait)
				n.must(lab.Until(n.context(n.dialect.masterDown(high)), "the events", func() error {
					content, err := host.Read(lab.Dir + "/read.all")
					last := []string{"\"VI_2\" MASTER"}
					if name == "script" {
						last = append(last, "\"VI_1\" MASTER")
					}
					for _, l := range last {
						if err == nil && !strings.Contains(content, l) {
							err = fmt.Errorf("there is\n%s", content)
						}
					}
					told[i] = content
					return err
				}))
				n.stop(d)
			}
			of := func(text string) (lines []string) {
				for line := range strings.Lines(text) {
					if strings.Contains(line, "VI_1") {
						lines = append(lines, line)
					}
				}
				return lines
			}
			if got, want := strings.Join(of(told[0]), ""), strings.Join(of(told[1]), ""); got != want {
				t.Errorf("%s writes\n%s\n%s writes\n%s", ours.Name, got, peer.Name, want)
			}
		})
	}
}

package lvs

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// Lines of keepalived_check.data that only one of the versions has, and values
// that are of one run only. Debian's looks for the user of scripts where there
// are none, too, and names all options of a regex that has some.
var (
	newerLines = regexp.MustCompile(`^ (Replace symlinks|Don't set supplementary|Use VRRPv2 checksum|SNMP (VS|RS) stats|DBus no interface|json_version|iproute )|^     (set|alive) = |tls_compliant (un)?set$|^   Failed URL|^     Regex options:`)
	olderLines = regexp.MustCompile(`^ libnftnl version|^ Default script uid|^   Failed URL|^     Regex options:`)
	ownValues  = regexp.MustCompile(`^( Router ID =).*|^(   previous effective_weight =).*|^(   Has run =).*|^(   (?:Retries iterations|num failed checkers|Up) =).*`)
)

// compareDumps has both programs write what they have, which is the same line
// by line.
func compareDumps(ctx context.Context, t *testing.T, directors [2]*lab.Host, daemons [2]*lab.Daemon) {
	t.Helper()
	var texts [2][]string
	for i, without := range []*regexp.Regexp{newerLines, olderLines} {
		w, err := directors[i].Watch(lab.Dir + "/tmp")
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		const name = "keepalived_check.data"
		if err := daemons[i].Signal(unix.SIGUSR1); err != nil {
			t.Fatal(err)
		}
		if err := w.Written(ctx, name); err != nil {
			t.Fatal(err)
		}
		content, err := directors[i].Read(lab.Dir + "/tmp/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range splitLines(content) {
			if !without.MatchString(line) {
				texts[i] = append(texts[i], strings.Replace(ownValues.ReplaceAllString(line, "$1$2$3$4"), "VS alive", "alive", 1))
			}
		}
	}
	ours, peers := texts[0], texts[1]
	for i := range max(len(ours), len(peers)) {
		if i >= len(ours) || i >= len(peers) || ours[i] != peers[i] {
			near := func(lines []string) string {
				return strings.Join(lines[min(max(i-3, 0), len(lines)):min(i+3, len(lines))], "\n")
			}
			t.Errorf("%s", fmt.Sprintf("keepalived_check.data, from line %d:\n%s\n--- Debian's:\n%s", i+1, near(ours), near(peers)))
			return
		}
	}
}

package firewall

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeProgram puts iptables and ip6tables into the PATH. They are scripts that begin with the lines.
func fakeProgram(t *testing.T, lines string) {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"iptables", "ip6tables"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+lines+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
}

func TestLegacy(t *testing.T) {
	for _, c := range []struct{ script, says string }{
		{"echo 'iptables v1.8.9 (legacy)'", ""},
		{"echo 'iptables v1.4.21'", ""},
		{"echo 'iptables v1.8.9 (nf_tables)'", "belongs to nftables"},
		{"exit 3", "exit status 3"},
	} {
		fakeProgram(t, c.script)
		if err := Legacy(); (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.script, err)
		}
	}
}

// TestLookPath finds programs where a service's PATH does not lead to.
func TestLookPath(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := lookPath("no-such-command"); err == nil || err.Error() != "there is no command no-such-command" {
		t.Errorf("%v", err)
	}
	if path, err := lookPath("ldconfig"); err != nil || !strings.Contains(path, "sbin/") {
		t.Errorf("%s, %v", path, err)
	}
}

// answers is a program that says what version it is, and otherwise what the lines do.
const answers = `case "$*" in *--version*) echo 'iptables v1.8.9 (legacy)'; exit;; esac
`

// TestListedWords has protocols shown in every way, and rules in words that are not known.
func TestListedWords(t *testing.T) {
	r := chainRule{ipv6: true, chain: "OUT", words: "-p ipv6-icmp -m set --match-set mld dst,dst -m icmp6 --icmpv6-type 131 -j DROP"}
	igmp := chainRule{chain: "OUT", words: "-o vrrp.1 -p igmp -j DROP", first: true}
	for _, c := range []struct {
		shown string
		rule  chainRule
		known bool
	}{
		{r.words, r, true},
		{strings.Replace(r.words, "ipv6-icmp", "icmpv6", 1), r, true},
		{strings.Replace(r.words, "ipv6-icmp", "58", 1), r, true},
		{strings.Replace(r.words, "131", "mld-report", 1), r, false},
		{igmp.words, igmp, true},
		{strings.Replace(igmp.words, "igmp", "2", 1), igmp, true},
	} {
		file := filepath.Join(t.TempDir(), "rules")
		fakeProgram(t, answers+fmt.Sprintf(`case "$*" in
*-S*) echo '-N OUT'; test ! -e %[1]s || echo '-A OUT %[2]s';;
*-A*|*-I*) touch %[1]s;;
*-D*) rm %[1]s;;
esac`, file, c.shown))
		commands, err := openCommands()
		if err != nil {
			t.Fatal(err)
		}
		err = commands.add(c.rule)
		if (err == nil) != c.known {
			t.Errorf("%s: %v", c.shown, err)
		}
		if _, gone := os.Stat(file); (gone == nil) != c.known {
			t.Errorf("%s: the rule is there: %v", c.shown, gone == nil)
		}
	}
}

// TestCommandErrors tells a missing chain, a missing match and a lock that others hold from each other.
func TestCommandErrors(t *testing.T) {
	r := chainRule{chain: "IN", words: "-m set --match-set v4 dst -j DROP"}
	for _, c := range []struct {
		name, script string
		do           func(commands) error
		want         error // nil: some error
	}{
		{"no chain", "echo 'No chain/target/match by that name.' >&2; exit 1", func(c commands) error { _, err := c.list(false, "IN"); return err }, errNoChain},
		{"no list", "exit 3", func(c commands) error { _, err := c.list(false, "IN"); return err }, nil},
		{"no match", "echo 'No chain/target/match by that name.' >&2; exit 1", func(c commands) error { return c.add(r) }, errNoSets},
		{"lock", "exit 4", func(c commands) error { return c.add(r) }, nil},
	} {
		fakeProgram(t, answers+c.script)
		commands, err := openCommands()
		if err != nil {
			t.Fatal(err)
		}
		err = c.do(commands)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || c.want == nil && (errors.Is(err, errNoChain) || errors.Is(err, errNoSets)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	fakeProgram(t, answers+"echo 'iptables: Bad rule (does a matching rule exist in that chain?).' >&2; exit 1")
	commands, err := openCommands()
	if err != nil {
		t.Fatal(err)
	}
	if err := commands.remove(r); err != nil {
		t.Errorf("a rule that is gone: %v", err)
	}
}

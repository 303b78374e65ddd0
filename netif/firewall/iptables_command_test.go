package firewall

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fakeProgram puts iptables and what belongs to it into the PATH. They are scripts that begin with the lines.
func fakeProgram(t *testing.T, lines string) programs {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"iptables", "ip6tables", "iptables-restore", "ip6tables-restore"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+lines+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	return programs{plainStart}
}

var plainStart Start = (*exec.Cmd).Start

func TestLegacy(t *testing.T) {
	for _, c := range []struct{ script, says string }{
		{"echo 'iptables v1.8.9 (legacy)'", ""},
		{"echo 'iptables v1.4.21'", ""},
		{"echo 'iptables v1.8.9 (nf_tables)'", "belongs to nftables"},
		{"exit 3", "status 3"},
		{"sleep 100", "took too long"},
		{"sleep 100 & echo 'iptables v1.8.9 (legacy)'", "WaitDelay"},
	} {
		fakeProgram(t, c.script)
		if err := Legacy(plainStart); (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
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

// TestListedWords has protocols shown in every way.
func TestListedWords(t *testing.T) {
	icmp, igmp := "-p ipv6-icmp -m icmp6 --icmpv6-type 131 -j DROP", "-o vrrp.1 -p igmp -j DROP"
	p := fakeProgram(t, `cat <<END
-N OUT
-A OUT `+strings.Join([]string{
		icmp, strings.Replace(icmp, "ipv6-icmp", "icmpv6", 1), strings.Replace(icmp, "ipv6-icmp", "58", 1), igmp, strings.Replace(igmp, "igmp", "2", 1),
	}, "\n-A OUT ")+"\n-A OUT2 -j DROP\nEND")
	rules, err := p.list(true, "OUT")
	if want := []string{icmp, icmp, icmp, igmp, igmp}; err != nil || !slices.Equal(rules, want) {
		t.Errorf("%q, %v, want %q", rules, err, want)
	}
}

// TestCommit gives all steps to one command.
func TestCommit(t *testing.T) {
	file := filepath.Join(t.TempDir(), "input")
	p := fakeProgram(t, `echo "${0##*/} $*" > `+file+`; cat >> `+file)
	steps := []step{{chainRule{chain: "A", words: "-j DROP"}, true}, {chainRule{chain: "A", words: "-j DROP"}, false}, {chainRule{chain: "B", words: "-j DROP", first: true}, false}}
	for _, ipv6 := range []bool{false, true} {
		if err := p.commit(ipv6, steps); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(file)
		if want := tool(ipv6) + "-restore --noflush\n*filter\n-D A -j DROP\n-A A -j DROP\n-I B 1 -j DROP\nCOMMIT\n"; err != nil || string(got) != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
}

// TestCommandErrors tells a missing chain, a missing match, a signal and a lock that others hold from each other.
func TestCommandErrors(t *testing.T) {
	bySet := []step{{chainRule{chain: "IN", words: "-m set --match-set v4 dst -j DROP"}, false}}
	list := func(p programs) error { _, err := p.list(false, "IN"); return err }
	commit := func(p programs) error { return p.commit(false, bySet) }
	const noChain = "echo 'No chain/target/match by that name.' >&2; exit 1"
	for _, c := range []struct {
		name, script string
		do           func(programs) error
		want         error // nil: another one
	}{
		{"no chain", `case "$*" in -S) echo '-N IN2';; *) ` + noChain + ";; esac", list, errNoChain},
		{"another fault", `case "$*" in -S) echo '-N IN';; *) ` + noChain + ";; esac", list, nil},
		{"a chain of the kernel", `case "$*" in -S) echo '-P IN ACCEPT';; *) ` + noChain + ";; esac", list, nil},
		{"no table", "exit 3", list, nil},
		{"no match", noChain, commit, errNoSets},
		{"a signal", "kill -XCPU $$", commit, nil},
		{"a lock", "exit 4", commit, nil},
	} {
		err := c.do(fakeProgram(t, c.script))
		if err == nil || c.want != nil && !errors.Is(err, c.want) || c.want == nil && (errors.Is(err, errNoChain) || errors.Is(err, errNoSets)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	file := filepath.Join(t.TempDir(), "tries")
	if err := commit(fakeProgram(t, "echo >> "+file+"; test $(wc -l < "+file+") -ge 3 || exit 4")); err != nil {
		t.Errorf("a lock that is given back: %v", err)
	}
}

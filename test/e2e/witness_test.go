package e2e

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// idle is a configuration that needs no child.
const idle = "global_defs {\nrouter_id x\nscript_user root\n%s}\n"

// TestLastWords ends a daemon in the background by a fault of its own while it has no child, or while its child ends: what
// it wrote when it died is in the log, to the last line.
func TestLastWords(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	asleep := func(keyword string) string {
		return fmt.Sprintf(idle, keyword+" "+lab.Dir+"/asleep.sh\n"+keyword+"_timeout 60\n")
	}
	for name, row := range map[string]struct {
		config string
		lead   func(n *network, launcher *lab.Process, daemon int) // to where it is to die
		who    string
	}{
		"nothing to do": {config: fmt.Sprintf(idle, "")},
		"startup script": {config: asleep("startup_script"), lead: func(n *network, launcher *lab.Process, daemon int) {
			n.awaitFile(n.web[0], lab.Dir+"/asleep")
			n.must(launcher.Signal(unix.SIGKILL)) // else it is the one who logs
			n.witness(daemon)
		}},
		"shutdown script": {config: asleep("shutdown_script"), lead: func(n *network, _ *lab.Process, daemon int) {
			n.must(unix.Kill(daemon, unix.SIGTERM))
			n.awaitFile(n.web[0], lab.Dir+"/asleep")
		}},
		"child that waits": {config: quick, lead: func(n *network, _ *lab.Process, daemon int) {
			over := time.Now().Add(patience(0))
			for child := 0; time.Now().Before(over); { // until the next start waits for longer
				tree, err := n.web[0].Tree(daemon)
				n.must(err)
				if slices.ContainsFunc(tree, func(e lab.Entry) bool { return n.roleOf(e.Pid) == "witness" }) {
					return
				}
				for _, e := range tree {
					if e.Pid != daemon && e.Pid != child && n.roleOf(e.Pid) == "vrrp" {
						child = e.Pid
						n.must(unix.Kill(child, unix.SIGKILL))
					}
				}
			}
		}},
		"child that ends": {
			config: "global_defs {\nscript_user root\n}\n" + strings.Replace(quick, "version 3\n", "version 3\nnotify_stop "+lab.Dir+"/asleep.sh\n", 1),
			lead: func(n *network, _ *lab.Process, daemon int) {
				n.holds(n.web[0], time.Second)
				n.must(unix.Kill(daemon, unix.SIGTERM))
				n.awaitFile(n.web[0], lab.Dir+"/asleep")
			},
			who: "Keepalived_vrrp",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			path, err := web.Write("rsyslog.conf", "module(load=\"imuxsock\" SysSock.RateLimit.Interval=\"0\")\n$EscapeControlCharactersOnReceive off\n*.* /var/log/syslog\n", 0o644)
			n.must(err)
			syslog, err := web.Syslog(n.context(0), sourceRoot, path)
			n.must(err)
			_, err = web.Write("asleep.sh", "#!/bin/sh\necho $$ > "+lab.Dir+"/tmp/a\nmv "+lab.Dir+"/tmp/a "+lab.Dir+"/asleep\nexec sleep 60\n", 0o755)
			n.must(err)
			path, err = web.Write("keepalived.conf", row.config, 0o644)
			n.must(err)
			launcher, err := web.Start(ours.Path, []string{"-f", path}, ours.Env)
			n.must(err)
			if !strings.HasPrefix(name, "startup") {
				_, _, err := launcher.Wait(n.context(time.Second))
				n.must(err)
			}
			n.awaitFile(web, parentPID)
			daemon := n.processOf(web, parentPID)
			if row.lead != nil {
				row.lead(n, launcher, daemon)
			}
			n.must(unix.Kill(daemon, unix.SIGQUIT)) // which the runtime treats as a panic
			who := row.who
			if who == "" {
				who = "Keepalived"
			}
			n.awaitWords(web, who)
			n.endSleepers(web, syslog.Pid())
		})
	}
}

// awaitWords waits for the last words of the parent in the log of a process: from the name of the signal over the stack
// of what it did to the last register.
func (n *network) awaitWords(host *lab.Host, who string) {
	n.t.Helper()
	said := regexp.MustCompile(`(?m) ` + who + `\[(\d+)\]: parent: (.*)$`)
	n.must(lab.Until(n.context(5*time.Second), "the last words of the parent", func() error {
		content, err := host.Read("/var/log/syslog")
		if err != nil {
			return err
		}
		var lines []string
		writers := map[string]bool{}
		for _, m := range said.FindAllStringSubmatch(content, -1) {
			lines = append(lines, m[2])
			writers[m[1]] = true
		}
		words := strings.Join(lines, "\n")
		want := regexp.MustCompile(`(?s)\ASIGQUIT: quit\nPC=\w+ .*\ngoroutine 1 .*keepalived-go/daemon\..*\nr?ip +0x\w+\n.*\ngs +0x\w+\n*-*\n*\z`)
		if !want.MatchString(words) || len(writers) != 1 {
			return fmt.Errorf("%d processes have written:\n%s", len(writers), words)
		}
		return nil
	}))
}

// witness waits for the witness of a daemon.
func (n *network) witness(daemon int) {
	n.t.Helper()
	n.must(lab.Until(n.context(2*time.Second), "a witness", func() error {
		tree, err := n.web[0].Tree(daemon)
		if err == nil && !slices.ContainsFunc(tree, func(e lab.Entry) bool { return n.roleOf(e.Pid) == "witness" }) {
			err = fmt.Errorf("there are %v", tree)
		}
		return err
	}))
}

// awaitFile waits for a file that appears whole.
func (n *network) awaitFile(host *lab.Host, path string) {
	n.t.Helper()
	n.must(lab.Until(n.context(time.Second), path, func() error {
		content, err := host.Read(path)
		if err == nil && !strings.HasSuffix(content, "\n") {
			err = errors.New("it is empty")
		}
		return err
	}))
}

// endSleepers ends scripts that sleep, and waits until no process is left but one.
func (n *network) endSleepers(host *lab.Host, but int) {
	n.t.Helper()
	n.must(lab.Until(n.context(2*time.Second), "the last process to end", func() error {
		table, err := host.Processes()
		if err != nil {
			return err
		}
		for _, e := range table {
			if e.Name == "sleep" {
				_ = unix.Kill(e.Pid, unix.SIGKILL)
			}
		}
		if len(table) > 1 || len(table) == 1 && table[0].Pid != but {
			return fmt.Errorf("%v: %w", table, errStillThere)
		}
		return nil
	}))
}

// TestWitness follows a daemon in the background from nothing to do to a virtual router and back: while it has no child
// there is one process more, which signals to all processes do not end, and at the end there is none.
func TestWitness(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	path, err := web.Write("keepalived.conf", fmt.Sprintf(idle, ""), 0o644)
	n.must(err)
	if status, output := n.launch(web, "-f", path); status != 0 || output != "" {
		t.Fatalf("status %d, output %q", status, output)
	}
	daemon := n.processOf(web, parentPID)
	n.roles(web, daemon, "parent", "witness")
	n.deaf(web, daemon)
	tree, err := web.Tree(daemon)
	n.must(err)
	for _, s := range []unix.Signal{unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2} {
		for _, e := range tree {
			n.must(unix.Kill(e.Pid, s))
		}
	}
	n.roles(web, daemon, "parent", "witness")
	_, err = web.Write("keepalived.conf", quick, 0o644)
	n.must(err)
	n.must(unix.Kill(daemon, unix.SIGHUP))
	n.holds(web, time.Second)
	n.roles(web, daemon, "parent", "vrrp")
	n.must(unix.Kill(daemon, unix.SIGTERM))
	n.nothingLeft(web)

	_, err = web.Write("keepalived.conf", fmt.Sprintf(idle, ""), 0o644)
	n.must(err)
	n.launch(web, "-f", path)
	daemon = n.processOf(web, parentPID)
	n.deaf(web, daemon)
	tree, err = web.Tree(daemon)
	n.must(err)
	for _, e := range tree {
		_ = unix.Kill(e.Pid, unix.SIGTERM) // the witness may have gone with the parent
	}
	n.nothingLeft(web)
}

// deaf waits until the witness of a daemon ignores signals.
func (n *network) deaf(host *lab.Host, daemon int) {
	n.t.Helper()
	n.must(lab.Until(n.context(2*time.Second), "the witness to ignore signals", func() error {
		tree, err := host.Tree(daemon)
		if err != nil {
			return err
		}
		for _, e := range tree {
			set, _ := strconv.ParseUint(lab.StatusLine(fmt.Sprintf("/proc/%d", e.Pid), "SigIgn"), 16, 64) // none where it has ended
			if n.roleOf(e.Pid) == "witness" && set>>(unix.SIGHUP-1)&1 == 1 && set>>(unix.SIGTERM-1)&1 == 1 {
				return nil
			}
		}
		return fmt.Errorf("there are %v", tree)
	}))
}

// roles waits until a daemon consists of processes with some roles.
func (n *network) roles(host *lab.Host, daemon int, want ...string) {
	n.t.Helper()
	n.must(lab.Until(n.context(2*time.Second), fmt.Sprintf("processes %q", want), func() error {
		tree, err := host.Tree(daemon)
		if err != nil {
			return err
		}
		var got []string
		for _, e := range tree {
			got = append(got, n.roleOf(e.Pid))
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			return fmt.Errorf("there are %q", got)
		}
		return nil
	}))
}

// roleOf is what a process was started for, "" where it is none of a daemon or has ended.
func (n *network) roleOf(pid int) string {
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return ""
	}
	for word := range strings.SplitSeq(string(environment), "\x00") {
		if role, found := strings.CutPrefix(word, "_KEEPALIVED_ROLE="); found {
			return role
		}
	}
	return ""
}

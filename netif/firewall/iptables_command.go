package firewall

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// commandPatience bounds the time of one command, with what it waits for others that change rules.
	commandPatience = 2 * time.Second
	// lockPause is the time between two tries of a command while another one has the lock.
	lockPause = 20 * time.Millisecond
	// outputPatience bounds the wait for what a command has started itself, once it has ended.
	outputPatience = 200 * time.Millisecond
	// statusLocked is how a command ends that could not get the lock, or whose table has changed meanwhile.
	statusLocked = 4
)

var (
	// errNoChain says that a chain does not exist.
	errNoChain = errors.New("no such chain")
	// errNoCommand says that a program is not installed.
	errNoCommand = errors.New("there is no command")
	// ErrNotLegacy says that rules of iptables would be rules of nftables.
	ErrNotLegacy = errors.New("the iptables command belongs to nftables")
)

// Start starts a command. It is where a process says how what it starts is scheduled and limited.
type Start func(*exec.Cmd) error

// Legacy tells whether the iptables command of this host is iptables' own, which is nil. It may take seconds. Where rules
// are better kept in nftables, the error is one of Instead.
func Legacy(start Start) error {
	out, err := programs{start}.run("iptables", "", "-V")
	if err != nil {
		return fmt.Errorf("asking iptables for its version: %w", err)
	}
	if strings.Contains(out, "nf_tables") {
		return fmt.Errorf("%w: it is %s", ErrNotLegacy, strings.TrimSpace(out))
	}
	return nil
}

// Instead tells whether an error of Legacy is why nftables is used. Any other one is of a command that cannot be run
// now: what is in its chains is still there.
func Instead(err error) bool { return errors.Is(err, ErrNotLegacy) || errors.Is(err, errNoCommand) }

// lookPath finds a program of administrators, which a service's PATH may not have.
func lookPath(name string) (string, error) {
	path, err := exec.LookPath(name)
	for _, dir := range []string{"/usr/sbin", "/sbin", "/usr/local/sbin"} {
		if err == nil {
			break
		}
		path, err = exec.LookPath(filepath.Join(dir, name))
	}
	if err != nil {
		return "", fmt.Errorf("%w %s", errNoCommand, name)
	}
	return path, nil
}

// programs are iptables and ip6tables with what belongs to them.
type programs struct{ start Start }

// commandError is how a command failed.
type commandError struct {
	command string
	status  int // -1: a signal ended it
	says    string
}

func (e *commandError) Error() string {
	return strings.TrimSuffix(fmt.Sprintf("%s ended with status %d: %s", e.command, e.status, strings.TrimSpace(e.says)), ": ")
}

// waited tells whether it is in vain to run another command now: it would wait as long for whoever has the lock, or for the
// processor.
func (e *commandError) waited() bool { return e.status == statusLocked || e.status < 0 }

// run runs a command, again while others have the lock, and returns what it prints.
func (p programs) run(name, input string, arguments ...string) (string, error) {
	path, err := lookPath(name)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), commandPatience)
	defer cancel()
	for {
		out, err := p.once(ctx, path, input, arguments)
		failed := (*commandError)(nil)
		if !errors.As(err, &failed) || failed.status != statusLocked {
			return out, err
		}
		select {
		case <-ctx.Done():
			return "", err
		case <-time.After(lockPause):
		}
	}
}

func (p programs) once(ctx context.Context, path, input string, arguments []string) (string, error) {
	var out, says bytes.Buffer
	cmd := exec.CommandContext(ctx, path, arguments...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = strings.NewReader(input), &out, &says, outputPatience
	err := p.start(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	if cmd.ProcessState != nil && !cmd.ProcessState.Success() {
		text := says.String()
		if ctx.Err() != nil {
			text = "it took too long"
		}
		return "", &commandError{strings.Join(append([]string{filepath.Base(path)}, arguments...), " "), cmd.ProcessState.ExitCode(), text}
	}
	return out.String(), err
}

// tool is the name of the command of a family.
func tool(ipv6 bool) string {
	if ipv6 {
		return "ip6tables"
	}
	return "iptables"
}

// usual has protocols named as they are where there is a list of them, /etc/protocols.
var usual = strings.NewReplacer("-p icmpv6 ", "-p ipv6-icmp ", "-p 58 ", "-p ipv6-icmp ", "-p 2 ", "-p igmp ")

func (p programs) list(ipv6 bool, chain string) ([]string, error) {
	out, err := p.run(tool(ipv6), "", "-S", chain)
	if failed := (*commandError)(nil); errors.As(err, &failed) && failed.waited() {
		return nil, err
	}
	if err != nil {
		if all, asked := p.run(tool(ipv6), "", "-S"); asked == nil && !strings.Contains(all, "-N "+chain+"\n") && !strings.Contains(all, "-P "+chain+" ") {
			return nil, errNoChain
		}
		return nil, err
	}
	var rules []string
	for line := range strings.Lines(out) {
		if words, ok := strings.CutPrefix(strings.TrimSpace(line), "-A "+chain+" "); ok {
			rules = append(rules, usual.Replace(words))
		}
	}
	return rules, nil
}

func (p programs) commit(ipv6 bool, changes []step) error {
	var b strings.Builder
	b.WriteString("*filter\n")
	for _, c := range changes {
		fmt.Fprintln(&b, c)
	}
	b.WriteString("COMMIT\n")
	_, err := p.run(tool(ipv6)+"-restore", b.String(), "--noflush")
	failed := (*commandError)(nil)
	bySet := func(s step) bool { return !s.removes && strings.Contains(s.words, "--match-set") }
	if errors.As(err, &failed) && (failed.status == 1 || failed.status == 2) && slices.ContainsFunc(changes, bySet) {
		return fmt.Errorf("%w: %w", errNoSets, err)
	}
	return err
}

// impatient are commands for one change, which give up with the first one that has waited in vain.
type impatient struct {
	commands
	err error
}

func (i *impatient) list(ipv6 bool, chain string) ([]string, error) {
	if i.err != nil {
		return nil, i.err
	}
	rules, err := i.commands.list(ipv6, chain)
	return rules, i.note(err)
}

func (i *impatient) commit(ipv6 bool, changes []step) error {
	if i.err != nil {
		return i.err
	}
	return i.note(i.commands.commit(ipv6, changes))
}

func (i *impatient) note(err error) error {
	if failed := (*commandError)(nil); errors.As(err, &failed) && failed.waited() {
		i.err = err
	}
	return err
}

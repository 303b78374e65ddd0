package firewall

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-iptables/iptables"
)

const (
	filterTable = "filter"
	// lockPatience is how many seconds a command waits for others that change rules.
	lockPatience = 5
	// versionPatience bounds the time in which a command says what it is.
	versionPatience = 5 * time.Second
)

// errNotLegacy says that rules of iptables would be rules of nftables.
var errNotLegacy = errors.New("the iptables command belongs to nftables")

// Legacy tells whether the iptables command of this host is iptables' own, which is nil. It may take seconds. Otherwise
// rules are better kept in nftables, and the error says why.
func Legacy() error {
	path, err := lookPath("iptables")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), versionPatience)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "-V").Output()
	if err != nil {
		return fmt.Errorf("asking %s for its version: %w", path, err)
	}
	if strings.Contains(string(out), "nf_tables") {
		return fmt.Errorf("%w: %s is %s", errNotLegacy, path, strings.TrimSpace(string(out)))
	}
	return nil
}

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
		return "", fmt.Errorf("there is no command %s", name)
	}
	return path, nil
}

// legacy are the commands of the host, IPv4 first.
type legacy struct {
	commands [2]*iptables.IPTables
	checked  [2]bool // it lists a rule in the words in which it was given
}

func openCommands() (commands, error) {
	var both legacy
	for i, name := range []string{"iptables", "ip6tables"} {
		path, err := lookPath(name)
		if err != nil {
			return nil, err
		}
		proto := []iptables.Protocol{iptables.ProtocolIPv4, iptables.ProtocolIPv6}[i]
		if both.commands[i], err = iptables.New(iptables.Path(path), iptables.IPFamily(proto), iptables.Timeout(lockPatience)); err != nil {
			return nil, fmt.Errorf("running %s: %w", path, err)
		}
	}
	return &both, nil
}

func (l *legacy) of(ipv6 bool) *iptables.IPTables {
	if ipv6 {
		return l.commands[1]
	}
	return l.commands[0]
}

// usual has protocols named as they are where there is a list of them, /etc/protocols.
var usual = strings.NewReplacer("-p icmpv6 ", "-p ipv6-icmp ", "-p 58 ", "-p ipv6-icmp ", "-p 2 ", "-p igmp ")

func (l *legacy) list(ipv6 bool, chain string) ([]string, error) {
	command := l.of(ipv6)
	lines, err := command.List(filterTable, chain)
	if err != nil {
		if there, asked := command.ChainExists(filterTable, chain); asked == nil && !there {
			return nil, errNoChain
		}
		return nil, err
	}
	rules := make([]string, 0, len(lines))
	for _, line := range lines {
		if words, ok := strings.CutPrefix(line, "-A "+chain+" "); ok {
			rules = append(rules, usual.Replace(words))
		}
	}
	return rules, nil
}

func (l *legacy) add(r chainRule) error {
	words := strings.Fields(r.words)
	if r.first {
		if err := l.of(r.ipv6).Insert(filterTable, r.chain, 1, words...); err != nil {
			return r.explain(err)
		}
	} else if err := l.of(r.ipv6).Append(filterTable, r.chain, words...); err != nil {
		return r.explain(err)
	}
	return l.check(r)
}

// check looks once whether a rule is listed in the words in which it was given. Where it is not, rules would be added
// again and again, because they could not be found.
func (l *legacy) check(r chainRule) error {
	checked := &l.checked[0]
	if r.ipv6 {
		checked = &l.checked[1]
	}
	if *checked {
		return nil
	}
	rules, err := l.list(r.ipv6, r.chain)
	if err == nil && !slices.Contains(rules, r.words) {
		err = fmt.Errorf("iptables lists `%s` in other words, among %q", r.words, rules)
	}
	if err != nil {
		return errors.Join(err, l.remove(r))
	}
	*checked = true
	return nil
}

// explain adds that it is the set that a rule cannot go by. The chain is known to exist, and a command that could not get
// the lock ends with another status.
func (r chainRule) explain(err error) error {
	failed := (*iptables.Error)(nil)
	if errors.As(err, &failed) && failed.ExitStatus() <= 2 && strings.Contains(r.words, "--match-set") {
		return fmt.Errorf("%w: %w", errNoSets, err)
	}
	return err
}

func (l *legacy) remove(r chainRule) error {
	err := l.of(r.ipv6).Delete(filterTable, r.chain, strings.Fields(r.words)...)
	if failed := (*iptables.Error)(nil); errors.As(err, &failed) && failed.IsNotExist() {
		return nil // another process was faster
	}
	return err
}

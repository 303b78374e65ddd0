package lab

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// quiet are the settings of a real server that answers for an address without
// telling the network so (direct routing).
var quiet = map[string]string{
	"net/ipv4/conf/all/arp_ignore":   "1",
	"net/ipv4/conf/lo/arp_ignore":    "1",
	"net/ipv4/conf/lo/arp_announce":  "2",
	"net/ipv4/conf/all/arp_announce": "2",
}

// CarryQuietly puts an address on lo, for which the host answers no ARP.
func (h *Host) CarryQuietly(ctx context.Context, address netip.Addr) error {
	for name, value := range quiet {
		if err := h.Sysctl(ctx, name, value); err != nil {
			return err
		}
	}
	return h.IP(ctx, "address add %v dev lo", netip.PrefixFrom(address, address.BitLen()))
}

// Sysctl sets a value below /proc/sys.
func (h *Host) Sysctl(ctx context.Context, name, value string) error {
	return h.command(ctx, "/bin/sh", []string{"-c", `echo "$0" > "/proc/sys/$1"`, value, name}, nil)
}

// IP runs ip(8) on the host.
func (h *Host) IP(ctx context.Context, format string, args ...any) error {
	return h.command(ctx, "ip", strings.Fields(fmt.Sprintf(format, args...)), nil)
}

// command runs a program that has nothing to say unless it fails.
func (h *Host) command(ctx context.Context, path string, args, env []string) error {
	status, output, err := h.Run(ctx, path, args, env)
	if err != nil {
		return err
	}
	if status != 0 {
		return fmt.Errorf("%s %s on %s: status %d: %s", path, strings.Join(args, " "), h.Name, status, output)
	}
	return nil
}

// Ipvsadm runs Debian's ipvsadm on the host and returns what it prints. The
// kernel has to have ip_vs.
func (h *Host) Ipvsadm(ctx context.Context, root string, args ...string) (string, error) {
	p := Debian(root, "sbin/ipvsadm")
	status, output, err := h.Run(ctx, p.Path, args, p.Env)
	if err != nil {
		return "", err
	}
	if status != 0 {
		return "", fmt.Errorf("ipvsadm %s on %s: status %d: %s", strings.Join(args, " "), h.Name, status, output)
	}
	return output, nil
}

// Table is the host's IPVS table as ipvsadm saves it, one line for each
// service and for each server, in order.
func (h *Host) Table(ctx context.Context, root string) ([]string, error) {
	output, err := h.Ipvsadm(ctx, root, "-S", "-n")
	lines := strings.FieldsFunc(output, func(r rune) bool { return r == '\n' })
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	slices.Sort(lines)
	return lines, err
}

package ipvs

import (
	"net/netip"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"keepalived-go/ipvs"
)

// open makes the rest of the test run in a network namespace of its own and returns its table.
func open(t *testing.T) *ipvs.Kernel {
	t.Helper()
	isolate(t)
	k, err := ipvs.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k
}

func isolate(t *testing.T) {
	t.Helper()
	runtime.LockOSThread() // for ever: the thread ends with the test, and the namespace with it
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	run(t, "ip", "link", "set", "lo", "up")
}

// run runs a program in the namespace of the test and returns what it wrote.
func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, output)
	}
	return string(output)
}

func ipvsadm(t *testing.T, line string) string {
	t.Helper()
	return run(t, "ipvsadm", strings.Fields(line)...)
}

// saved is the whole table as ipvsadm saves it, sorted.
func saved(t *testing.T) []string {
	t.Helper()
	return sorted(ipvsadm(t, "-Sn"))
}

func sorted(lines string) []string {
	var list []string
	for line := range strings.Lines(lines) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	slices.Sort(list)
	return list
}

func read(t *testing.T, k *ipvs.Kernel) ipvs.Table {
	t.Helper()
	table, err := k.Read()
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// bring makes the kernel's table what is wanted and shows that nothing is left to do then.
func bring(t *testing.T, k *ipvs.Kernel, want ipvs.Table, rules ipvs.Rules) {
	t.Helper()
	if err := k.Apply(ipvs.Plan(read(t, k), want, rules)); err != nil {
		t.Fatal(err)
	}
	if rest := ipvs.Plan(read(t, k), want, rules); len(rest) > 0 {
		t.Fatalf("left to do: %v", rest)
	}
}

func service(address string, change ...func(*ipvs.Service)) ipvs.Service {
	a := netip.MustParseAddrPort(address)
	s := ipvs.Service{Key: ipvs.Key{Family: 4, Protocol: 6, Addr: a}, Scheduler: "rr", Prefix: 32}
	if a.Addr().Is6() {
		s.Family, s.Prefix = 6, 128
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func server(address string, change ...func(*ipvs.Destination)) ipvs.Destination {
	d := ipvs.Destination{Addr: netip.MustParseAddrPort(address), Weight: 1}
	for _, c := range change {
		c(&d)
	}
	return d
}

func table(entries ...ipvs.Entry) ipvs.Table {
	t := ipvs.Table{}
	for _, e := range entries {
		t[e.Key] = e
	}
	return t
}

package lab

import (
	"bufio"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// victimName marks this test program when it is executed again in order to be
// killed in the middle of its work.
const victimName = "LAB_TEST_VICTIM"

func TestMain(m *testing.M) {
	if os.Getenv(victimName) != "" {
		victim()
	}
	os.Exit(m.Run())
}

// victim lays out a network, says so, and waits to be killed.
func victim() {
	if _, _, err := pair(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("laid out")
	select {}
}

// pair is a network of two hosts with a process on each.
func pair() (*Lab, []*Host, error) {
	l, err := New()
	if err != nil {
		return nil, nil, err
	}
	for i, name := range []string{"left", "right"} {
		h, err := l.AddHost(name, netip.MustParsePrefix(fmt.Sprintf("192.0.2.%d/24", i+1)))
		if err != nil {
			return l, nil, err
		}
		if _, err := h.Start("/bin/sh", []string{"-c", "sleep 1000 & sleep 1000"}, nil); err != nil {
			return l, nil, err
		}
	}
	return l, l.Hosts(), nil
}

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// traces is everything of the machine that a network could leave behind.
func traces(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, pattern := range []string{"/run/netns/*", "/sys/class/net/*", "/tmp/*lab*", "/run/lab*"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, names...)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	return append(found, strings.Split(string(mounts), "\n")...)
}

// keepersOf lists the keepers that a process has started.
func keepersOf(parent int) []int {
	var pids []int
	folders, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well formed
	for _, folder := range folders {
		line, err := os.ReadFile(folder + "/cmdline")
		if err != nil || !strings.HasPrefix(string(line), keeperName) {
			continue
		}
		if e, err := readEntry(folder); err == nil && e.Parent == parent {
			pids = append(pids, e.Pid)
		}
	}
	return pids
}

func TestCloseLeavesNothing(t *testing.T) {
	before := traces(t)
	l, hosts, err := pair()
	if err != nil {
		t.Fatal(err)
	}
	var inside []Entry
	for _, h := range hosts {
		table, err := h.Processes()
		if err != nil || len(table) == 0 {
			t.Errorf("processes of %s: %v, %v, want some", h.Name, table, err)
		}
		inside = append(inside, table...)
	}
	l.Close()
	if after := traces(t); !slices.Equal(before, after) {
		t.Errorf("left behind: %q\nbefore: %q", after, before)
	}
	if left := keepersOf(os.Getpid()); len(left) != 0 {
		t.Errorf("keepers left: %v", left)
	}
	for _, e := range inside {
		if err := Until(deadline(t), "the end of a process", gone(e.Pid)); err != nil {
			t.Error(err)
		}
	}
}

func gone(pid int) func() error {
	return func() error {
		if _, err := readEntry(fmt.Sprintf("/proc/%d", pid)); err == nil {
			return fmt.Errorf("process %d is still there", pid)
		}
		return nil
	}
}

func TestKilledLeavesNothing(t *testing.T) {
	before := traces(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), victimName+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if line != "laid out\n" {
		t.Fatalf("the victim says %q, %v", line, err)
	}
	keepers := keepersOf(cmd.Process.Pid)
	if len(keepers) != 3 {
		t.Errorf("%d keepers, want 3 (switch and two hosts)", len(keepers))
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the victim was not killed")
	}
	for _, pid := range keepers {
		if err := Until(deadline(t), "the end of a keeper", gone(pid)); err != nil {
			t.Error(err)
		}
	}
	if after := traces(t); !slices.Equal(before, after) {
		t.Errorf("left behind: %q\nbefore: %q", after, before)
	}
}

func TestFramesCableAndFiles(t *testing.T) {
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx := deadline(t)
	left, err := l.AddHost("left", netip.MustParsePrefix("192.0.2.1/24"))
	if err != nil {
		t.Fatal(err)
	}
	right, err := l.AddHost("right", netip.MustParsePrefix("192.0.2.2/24"))
	if err != nil {
		t.Fatal(err)
	}

	if err := connect(ctx, left, right, 10*time.Second); err != nil {
		t.Fatalf("connecting over the switch: %v", err)
	}
	if _, err := l.Frames.Wait(ctx, 0, "the question for right's address", func(f Frame) bool {
		a, ok := f.ARP()
		return ok && f.From == "left" && a.TargetAddr == right.Address.Addr() && time.Since(f.Time) < time.Minute
	}); err != nil {
		t.Error(err)
	}
	mac, err := right.HardwareAddress()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := left.Neighbour(right.Address.Addr()); err != nil || got.String() != mac.String() {
		t.Errorf("left's ARP table says %v, %v, want %v", got, err, mac)
	}

	for _, cut := range []struct {
		name    string
		off, on func() error
	}{{"cable", right.Cut, right.Mend}, {"isolation", right.Isolate, right.Rejoin}, {"link", right.LinkDown, right.LinkUp}} {
		if err := cut.off(); err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		if err := connect(short, left, right, time.Second); err == nil {
			t.Errorf("%s: connected although it is cut", cut.name)
		}
		cancel()
		if err := cut.on(); err != nil {
			t.Fatal(err)
		}
		if err := Until(ctx, cut.name+" to work again", func() error { return connect(ctx, left, right, 300*time.Millisecond) }); err != nil {
			t.Error(err)
		}
	}

	path, err := left.Write("script", "#!/bin/sh\nhostname; echo $1; exit 3\n", 0o755)
	if err != nil {
		t.Fatal(err)
	}
	status, output, err := left.Run(ctx, path, []string{"word"}, nil)
	if err != nil || status != 3 {
		t.Errorf("status %d, %v, want 3", status, err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Errorf("%s is visible outside the host", path)
	}
	if want := "left\nword\n"; output != want {
		t.Errorf("output %q, want %q", output, want)
	}
}

// connect opens a connection from one host to a listener on the other.
// connect connects once, within a time.
func connect(ctx context.Context, from, to *Host, within time.Duration) error {
	listener, err := to.Listen("tcp", to.Address.Addr().String()+":0")
	if err != nil {
		return err
	}
	defer listener.Close()
	short, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	conn, err := from.Dial(short, "tcp", listener.Addr().String())
	if err != nil {
		return err
	}
	return conn.Close()
}

func TestRecordWaits(t *testing.T) {
	var r Record[int]
	r.Add(1)
	mark := r.Len()
	go r.Add(2)
	if got, err := r.Wait(deadline(t), mark, "a number", func(n int) bool { return n > 0 }); got != 2 || err != nil {
		t.Errorf("got %d, %v, want 2", got, err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Wait(ended, 0, "three", func(n int) bool { return n == 3 }); err == nil || !strings.Contains(err.Error(), "three") {
		t.Errorf("error %v, want one that names three", err)
	}
}

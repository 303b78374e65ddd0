package daemon

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// host is a network namespace with one interface, in which the test program runs as keepalived.
type host struct {
	t      *testing.T
	dir    string
	holder int // pid of the process that keeps the namespace

	environment []string // added to that of the daemon
}

func newHost(t *testing.T) *host {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("root is needed for a network namespace")
	}
	h := &host{t: t, dir: t.TempDir()}
	holder := exec.Command("sh", "-c", `ip link add ve0 type veth peer name ve1 && ip addr add 10.77.0.1/24 dev ve0 &&
		ip link set lo up && ip link set ve0 up && ip link set ve1 up && echo ready && read forever`)
	holder.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	holder.Stderr = os.Stderr
	stdin, err := holder.StdinPipe()
	must(t, err)
	stdout, err := holder.StdoutPipe()
	must(t, err)
	must(t, holder.Start())
	t.Cleanup(func() { _ = stdin.Close(); _ = holder.Wait() })
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("preparing the namespace: %q, %v", line, err)
	}
	h.holder = holder.Process.Pid
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h *host) path(name string) string { return filepath.Join(h.dir, name) }

func (h *host) configure(text string) {
	h.t.Helper()
	must(h.t, os.WriteFile(h.path("conf"), []byte(text), 0o644))
}

// instance is a configuration whose router is Master at once.
func instance(dev, version, interval string) string {
	return fmt.Sprintf(`global_defs {
	vrrp_version %s
}
vrrp_instance VI_1 {
	interface %s
	virtual_router_id 51
	priority 255
	advert_int %s
	virtual_ipaddress {
		10.77.0.100/24
	}
}
`, version, dev, interval)
}

// command is keepalived in the namespace.
func (h *host) command(args ...string) *exec.Cmd {
	self, err := os.Executable()
	must(h.t, err)
	all := []string{fmt.Sprintf("--net=/proc/%d/ns/net", h.holder), "--", self, "-G", "-D", "-f", h.path("conf"), "-p", h.path("parent.pid"), "-r", h.path("vrrp.pid")}
	cmd := exec.Command("nsenter", append(all, args...)...)
	// The race detector sleeps for a second before it lets a process end, unless it is told not to.
	cmd.Env = append(os.Environ(), asDaemon+"=1", "GORACE=atexit_sleep_ms=0", "TMPDIR="+h.dir)
	cmd.Env = append(cmd.Env, h.environment...)
	return cmd
}

// addressThere tells whether the virtual address is on the interface.
func (h *host) addressThere() bool {
	h.t.Helper()
	out, err := exec.Command("nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", h.holder), "--", "ip", "-o", "addr", "show", "dev", "ve0").Output()
	must(h.t, err)
	return strings.Contains(string(out), "10.77.0.100/24")
}

// awaitAddress waits for the virtual address: the kernel gets it after the log has said so.
func (h *host) awaitAddress() {
	h.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(testPatience); !h.addressThere(); <-tick.C {
		if time.Now().After(deadline) {
			h.t.Fatal("the address does not come")
		}
	}
}

// pid reads a pid file.
func (h *host) pid(name string) int {
	h.t.Helper()
	text, err := os.ReadFile(h.path(name))
	must(h.t, err)
	pid, err := strconv.Atoi(strings.TrimSuffix(string(text), "\n"))
	must(h.t, err)
	return pid
}

// running is a daemon in the foreground.
type running struct {
	*host
	cmd   *exec.Cmd
	lines chan string
	seen  []string
	code  chan int
}

func (h *host) start(args ...string) *running {
	h.t.Helper()
	r := &running{host: h, cmd: h.command(append([]string{"-n", "-l"}, args...)...), lines: make(chan string, 10000), code: make(chan int, 1)}
	stderr, err := r.cmd.StderrPipe()
	must(h.t, err)
	must(h.t, r.cmd.Start())
	go func() {
		for s := bufio.NewScanner(stderr); s.Scan(); {
			r.lines <- s.Text()
		}
		close(r.lines)
		_ = r.cmd.Wait()
		r.code <- r.cmd.ProcessState.ExitCode()
	}()
	h.t.Cleanup(func() { _ = r.cmd.Process.Signal(unix.SIGTERM) })
	return r
}

// expect waits for a line and returns what its first parenthesis matched.
func (r *running) expect(pattern string) string {
	r.t.Helper()
	re := regexp.MustCompile(pattern)
	deadline := time.After(testPatience)
	for {
		select {
		case line, ok := <-r.lines:
			if !ok {
				r.t.Fatalf("the daemon ended without saying %q:\n%s", pattern, strings.Join(r.seen, "\n"))
			}
			r.seen = append(r.seen, line)
			if m := re.FindStringSubmatch(line); m != nil {
				return m[len(m)-1]
			}
		case <-deadline:
			r.t.Fatalf("%q was not said:\n%s", pattern, strings.Join(r.seen, "\n"))
		}
	}
}

// expectSince is expect for a line that may have come already, after the first ones: two processes write at once.
func (r *running) expectSince(mark int, pattern string) {
	r.t.Helper()
	re := regexp.MustCompile(pattern)
	if !slices.ContainsFunc(r.seen[mark:], re.MatchString) {
		r.expect(pattern)
	}
}

// settle waits until the instance is Master and the parent has heard of it: the answer to a reload follows the report.
func (r *running) settle() {
	r.t.Helper()
	r.expectSince(0, `Sending/queueing gratuitous ARPs`)
	r.awaitAddress()
	r.signal(r.cmd.Process.Pid, unix.SIGHUP)
	r.expect(`Reload complete`)
}

// expectChild waits for the start of a VRRP child and gives its pid.
func (r *running) expectChild() int {
	r.t.Helper()
	pid, err := strconv.Atoi(r.expect(`Starting VRRP child process, pid=(\d+)`))
	must(r.t, err)
	return pid
}

func (r *running) signal(pid int, s syscall.Signal) {
	r.t.Helper()
	must(r.t, syscall.Kill(pid, s))
}

// end waits for the end of the daemon and gives its exit code.
func (r *running) end() int {
	r.t.Helper()
	deadline := time.After(testPatience)
	var code chan int // nil until the last line was read
	for {
		select {
		case line, ok := <-r.lines:
			if ok {
				r.seen = append(r.seen, line)
				continue
			}
			r.lines, code = nil, r.code
		case status := <-code:
			return status
		case <-deadline:
			r.t.Fatalf("the daemon did not end:\n%s", strings.Join(r.seen, "\n"))
		}
	}
}

// stamped is a line of the log, with its time, as one write has made it.
var stamped = regexp.MustCompile(`[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d \d{4}: [^\n]*\n`)

// unweave parts what is logged from what the runtime of a dying process writes to the same pipe. The runtime writes in
// pieces, so that a line of the log may stand within one of its lines.
func unweave(lines []string) (logged, wrote []string) {
	text := strings.Join(lines, "\n") + "\n"
	for _, line := range stamped.FindAllString(text, -1) {
		_, message, _ := strings.Cut(line, ": ")
		logged = append(logged, strings.TrimSuffix(message, "\n"))
	}
	return logged, strings.Split(stamped.ReplaceAllString(text, ""), "\n")
}

// lastWords compares what a process wrote itself when it died, which begins with the name of the signal, with what was
// logged of it under a name: all of it, line by line. Where every thread of the runtime adds its stack, after a line, only
// the first one's, with those of all goroutines, goes to the log.
func (r *running) lastWords(who string) {
	r.t.Helper()
	var logged []string
	all, wrote := unweave(r.seen)
	for _, line := range all {
		if text, found := strings.CutPrefix(line, who); found {
			logged = append(logged, text)
		}
	}
	wrote = wrote[max(0, slices.IndexFunc(wrote, func(line string) bool { return strings.HasPrefix(line, "SIG") })):]
	if i := slices.Index(wrote, "-----"); i > 0 {
		wrote = wrote[:i]
	}
	wrote = strings.Split(strings.TrimRight(strings.Join(wrote, "\n"), "\n"), "\n")
	if logged = slices.DeleteFunc(logged, func(line string) bool { return line == "-----" }); len(logged) > 0 && logged[len(logged)-1] == "" {
		logged = logged[:len(logged)-1]
	}
	if len(wrote) < 20 || !slices.Equal(logged, wrote) {
		r.t.Errorf("logged of the last words:\n%s\nwritten:\n%s", strings.Join(logged, "\n"), strings.Join(wrote, "\n"))
	}
}

// awaitGone waits for the end of a process that is no child of ours.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err == unix.ESRCH {
		return
	}
	must(t, err)
	defer func() { _ = unix.Close(fd) }()
	for deadline := time.Now().Add(testPatience); ; {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(time.Until(deadline).Milliseconds()))
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			t.Fatalf("process %d did not end: %v", pid, err)
		}
		return
	}
}

func comm(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	must(t, err)
	return strings.TrimSpace(string(text))
}

// exitCodeOf is the exit code behind the error of a command.
func exitCodeOf(err error) int {
	if err == nil {
		return 0
	}
	if e, ok := err.(*exec.ExitError); ok {
		return e.ExitCode()
	}
	return -1
}

// A line of the log within a line of the runtime's is no part of it.
func TestUnweave(t *testing.T) {
	lines := []string{
		"Sat Nov 28 19:01:03 2026: Startup complete", "SIGQUIT: quit", "PC=0x41Sat Nov 28 19:01:04 2026: (VI_1) removing VIPs.",
		"6e83", "Sat Nov  8 19:01:04 2026: parent: SIGQUIT: quit", "",
	}
	logged, wrote := unweave(lines)
	if want := []string{"Startup complete", "(VI_1) removing VIPs.", "parent: SIGQUIT: quit"}; !slices.Equal(logged, want) {
		t.Errorf("logged %q", logged)
	}
	if got := strings.TrimRight(strings.Join(wrote, "|"), "|"); got != "SIGQUIT: quit|PC=0x416e83" {
		t.Errorf("written %q", got)
	}
}

package daemon

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestControlPath(t *testing.T) {
	rows := []struct{ pid, socket string }{
		{"/run/keepalived.pid", "/run/keepalived.sock"},
		{"/run/keepalived/keepalived.pid", "/run/keepalived/keepalived.sock"},
		{"here", "here.sock"},
		{"/run/x.pid.keepalived", "/run/x.pid.keepalived.sock"},
	}
	for _, row := range rows {
		if got := controlPath(row.pid); got != row.socket {
			t.Errorf("%s: %s, want %s", row.pid, got, row.socket)
		}
	}
}

// next takes work from the queue of a parent that has no loop.
func next(t *testing.T, p *parent) func() {
	t.Helper()
	select {
	case f := <-p.work:
		return f
	case <-time.After(testPatience):
		t.Fatal("nothing came to do")
		return nil
	}
}

// outcome is what an asker was told, nothing when it still waits.
func outcome(a *asker) (said []string, failed string, done bool) {
	for {
		select {
		case replies := <-a.news:
			for _, r := range replies {
				if r.Text != "" {
					said = append(said, r.Text)
				}
				if r.Done {
					return said, r.Failed, true
				}
			}
		default:
			return said, "", false
		}
	}
}

// Who asks while a reload is on its way hears of the next one: the files may have changed since they were read.
func TestAskDuringReload(t *testing.T) {
	file := filepath.Join(t.TempDir(), "conf")
	must(t, os.WriteFile(file, []byte("global_defs {\n\trouter_id a\n\tnonsense 1\n}\n"), 0o644))
	p := newParent(Options{ConfigFile: file, NoSyslog: true}, heritage{})
	first, second, third := newAsker(), newAsker(), newAsker()
	p.askReload(first)
	read := next(t, p)
	must(t, os.WriteFile(file, []byte("global_defs {\n"), 0o644))
	p.askReload(second)
	p.askReload(third)
	read()
	if said, failed, done := outcome(first); !done || failed != "" || len(said) != 1 || !strings.Contains(said[0], "nonsense") {
		t.Errorf("the first hears %q, %q, %v, want one diagnostic", said, failed, done)
	}
	if _, _, done := outcome(second); done {
		t.Error("the second hears of the reload before it asked")
	}
	next(t, p)()
	for name, a := range map[string]*asker{"second": second, "third": third} {
		if _, failed, done := outcome(a); !done || !strings.Contains(failed, "refused") {
			t.Errorf("the %s hears %q, %v, want a refusal", name, failed, done)
		}
	}
	if p.reload != nil || len(p.asking) != 0 {
		t.Error("another reload was begun for nobody")
	}
}

func TestAskWhileStopping(t *testing.T) {
	file := filepath.Join(t.TempDir(), "conf")
	must(t, os.WriteFile(file, []byte("global_defs {\n}\n"), 0o644))
	p := newParent(Options{ConfigFile: file, NoSyslog: true}, heritage{})
	pending, waiting, late := newAsker(), newAsker(), newAsker()
	p.askReload(pending)
	read := next(t, p)
	p.askReload(waiting)
	p.stopChildren()
	read()
	p.askReload(late)
	for name, a := range map[string]*asker{"pending": pending, "waiting": waiting, "late": late} {
		if _, failed, done := outcome(a); !done || failed != errStopping.Error() {
			t.Errorf("%s: %q, %v, want %q", name, failed, done, errStopping)
		}
	}
}

func TestTrusted(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	other := os.NewFile(uintptr(pair[1]), "other")
	defer other.Close()
	file := os.NewFile(uintptr(pair[0]), "one")
	c, err := net.FileConn(file)
	must(t, err)
	must(t, file.Close())
	conn := c.(*net.UnixConn)
	defer conn.Close()
	own := os.Geteuid()
	if err := trusted(conn, own); err != nil {
		t.Errorf("our own user is refused: %v", err)
	}
	if err := trusted(conn, own+1); (err == nil) != (own == 0) {
		t.Errorf("user %d at a daemon of user %d: %v", own, own+1, err)
	}
}

// A peer that says nonsense or nothing gets an answer or none, and holds nobody up.
func TestControlRequests(t *testing.T) {
	pid := &pidFile{path: filepath.Join(t.TempDir(), "k.pid")}
	must(t, os.WriteFile(controlPath(pid.path), nil, 0o644)) // what another one has left
	served := make(chan *asker, 1)
	c, err := openControl(pid, func(a *asker) { served <- a }, func(err error) { t.Error(err) })
	must(t, err)
	info, err := os.Stat(controlPath(pid.path))
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	silent := dialControl(t, pid.path)
	defer silent.Close()
	for request, want := range map[string]string{"nonsense": "reading the request", `{"Command":"dance"}`: "dance"} {
		conn := dialControl(t, pid.path)
		_, err := conn.Write([]byte(request))
		must(t, err)
		r, err := receiveReply(conn, make([]byte, maxPacket), testPatience)
		if err != nil || !r.Done || !strings.Contains(r.Failed, want) {
			t.Errorf("%s: %+v, %v", request, r, err)
		}
		conn.Close()
	}
	answer := make(chan error, 1)
	var said strings.Builder
	go func() { answer <- awaitReload(dialControl(t, pid.path), &said) }()
	a := <-served
	a.expect(time.Hour)
	a.tell([]string{"one", "two"}, errors.New("three"))
	if err := <-answer; err == nil || !strings.Contains(err.Error(), "three") || said.String() != "one\ntwo\n" {
		t.Errorf("the answer is %v, with %q", err, said.String())
	}
	go func() { answer <- awaitReload(dialControl(t, pid.path), io.Discard) }()
	(<-served).tell(nil, nil)
	if err := <-answer; err != nil {
		t.Errorf("the answer is %v", err)
	}
	c.close()
	if _, err := os.Stat(controlPath(pid.path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
}

func dialControl(t *testing.T, pidFile string) *net.UnixConn {
	conn, err := net.Dial("unixpacket", controlPath(pidFile))
	if err != nil {
		t.Error(err)
		return nil
	}
	return conn.(*net.UnixConn)
}

func TestRunningDaemon(t *testing.T) {
	dir := t.TempDir()
	ended := exec.Command("true")
	must(t, ended.Run())
	other := exec.Command("cat")
	stdin, err := other.StdinPipe()
	must(t, err)
	must(t, other.Start())
	defer func() { _, _ = stdin.Close(), other.Wait() }()
	rows := []struct{ name, content, want string }{
		{"empty", "", "does not name a process"},
		{"garbage", "x\n", "does not name a process"},
		{"negative", "-1\n", "does not name a process"},
		{"init", "1\n", "does not name a process"},
		{"ended", strconv.Itoa(ended.Process.Pid) + "\n", "start it"},
		{"another program", strconv.Itoa(other.Process.Pid) + "\n", "start it"},
	}
	for _, row := range rows {
		file := filepath.Join(dir, row.name)
		must(t, os.WriteFile(file, []byte(row.content), 0o644))
		if pid, err := runningDaemon(file); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %d, %v, want %q", row.name, pid, err, row.want)
		}
	}
	if _, err := runningDaemon(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "start it") {
		t.Errorf("without a file: %v", err)
	}
}

// A daemon that cannot listen runs all the same, and takes a signal.
func TestNoControlSocket(t *testing.T) {
	h := newHost(t)
	h.configure(instance("ve0", "2", "1"))
	must(t, os.MkdirAll(h.path("parent.sock/full"), 0o755))
	r := h.start()
	r.expect(`control socket.*SIGHUP`)
	r.expect(`Startup complete`)
	out, err := h.command("--reload").CombinedOutput()
	if err != nil || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out), "SIGHUP") {
		t.Errorf("%v: %s", err, out)
	}
	r.expect(`Reload complete`)
	r.signal(r.cmd.Process.Pid, unix.SIGTERM)
	r.end()
}

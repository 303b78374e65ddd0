package daemon

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/vrrp"
	"keepalived-go/vrrp/fsm"
)

func TestStatusLine(t *testing.T) {
	instances := func(states ...fsm.State) map[string]vrrp.InstanceState {
		known := map[string]vrrp.InstanceState{}
		for i, s := range states {
			name := fmt.Sprintf("VI_%d", i+1)
			known[name] = vrrp.InstanceState{Name: name, State: s}
		}
		return known
	}
	rows := []struct {
		known  map[string]vrrp.InstanceState
		failed error
		want   string
	}{
		{nil, nil, "no VRRP instance"},
		{nil, errors.New("one\ntwo"), "no VRRP instance; the last reload failed: one two"},
		{instances(fsm.Master), nil, "Master: VI_1"},
		{instances(fsm.Backup, fsm.Master, fsm.FaultState, fsm.Master), nil, "Master: VI_2, VI_4; Backup: VI_1; Fault: VI_3"},
		{instances(fsm.Init, fsm.Backup), nil, "Backup: VI_2; starting: VI_1"},
		{
			instances(make([]fsm.State, mostNames+2)...), nil,
			"starting: VI_1, VI_10, VI_2, VI_3, VI_4, VI_5, VI_6, VI_7 and 2 more",
		},
	}
	for _, row := range rows {
		if got := statusLine(row.known, row.failed); got != row.want {
			t.Errorf("%q, want %q", got, row.want)
		}
	}
}

// manager stands for the service manager.
type manager struct {
	t     *testing.T
	conn  *net.UnixConn
	heard []string
}

func newManager(t *testing.T) *manager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &manager{t: t, conn: conn}
}

func (m *manager) environment() []string {
	return []string{"NOTIFY_SOCKET=" + m.conn.LocalAddr().String()}
}

// hear waits for the next notification.
func (m *manager) hear(patience time.Duration) (string, error) {
	must(m.t, m.conn.SetReadDeadline(time.Now().Add(patience)))
	buffer := make([]byte, 4096)
	n, err := m.conn.Read(buffer)
	m.heard = append(m.heard, string(buffer[:n]))
	return string(buffer[:n]), err
}

// expect waits for a notification that contains a text.
func (m *manager) expect(text string) {
	m.t.Helper()
	for {
		said, err := m.hear(testPatience)
		if err != nil {
			m.t.Fatalf("%q was not said: %v\n%s", text, err, strings.Join(m.heard, "\n"))
		}
		if strings.Contains(said, text) {
			return
		}
	}
}

func TestServiceManager(t *testing.T) {
	h, m := newHost(t), newManager(t)
	h.environment = append(m.environment(), "WATCHDOG_USEC=400000")
	h.configure(instance("ve0", "2", "1"))
	r := h.start()
	child := r.expectChild()
	for _, text := range []string{"READY=1\nMAINPID=", "STATUS=Master: VI_1", "WATCHDOG=1", "WATCHDOG=1"} {
		m.expect(text)
	}
	must(t, os.WriteFile(h.path("conf"), []byte("global_defs {\n"), 0o644))
	r.signal(r.cmd.Process.Pid, unix.SIGHUP)
	for _, text := range []string{"RELOADING=1\nMONOTONIC_USEC=", "READY=1", "STATUS=Master: VI_1; the last reload failed: "} {
		m.expect(text)
	}
	for _, pid := range []int{child, r.cmd.Process.Pid} {
		environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		must(t, err)
		if pid == child && strings.Contains(string(environment), "WATCHDOG_") {
			t.Error("the child believes that the service manager asks it")
		}
	}
	// A child that does not answer any more: the signs of life end, and come back with it.
	r.signal(child, unix.SIGSTOP)
	r.expect(`does not answer: no more signs of life`)
	for {
		said, err := m.hear(time.Second)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		must(t, err)
		t.Logf("on its way before: %s", said)
	}
	r.signal(child, unix.SIGCONT)
	m.expect("WATCHDOG=1")
	r.signal(r.cmd.Process.Pid, unix.SIGTERM)
	m.expect("STOPPING=1")
	r.end()
}

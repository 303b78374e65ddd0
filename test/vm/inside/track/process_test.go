package track

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// patience is how long anything may take in an emulated machine.
const patience = time.Minute

// story are the lines that tell what a tracked process has changed.
var story = regexp.MustCompile(`(\(VI_1\):? ([Ee]ntering|Changing)|Quorum ).*`)

// atStart are the lines of an instance that starts in Fault, which the programs put in other words.
var atStart = regexp.MustCompile(`(?m)^\(VI_1\) (entering FAULT state|Entering FAULT STATE \(init\))\n`)

// daemon is a keepalived in the namespaces of the machine.
type daemon struct {
	t   *testing.T
	cmd *exec.Cmd
	mu  sync.Mutex
	out bytes.Buffer
}

// Write takes what the daemon says.
func (d *daemon) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out.Write(b)
}

func (d *daemon) output() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out.String()
}

// says waits until the daemon has said something as often as given.
func (d *daemon) says(what string, times int) {
	d.t.Helper()
	for deadline := time.Now().Add(patience); strings.Count(d.output(), what) < times; <-time.After(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatalf("it does not say %q %d times:\n%s", what, times, d.output())
		}
	}
}

func (d *daemon) stop() {
	d.t.Helper()
	if err := d.cmd.Process.Signal(unix.SIGTERM); err != nil {
		d.t.Fatal(err)
	}
	_ = d.cmd.Wait() // its status is of no interest here
}

func start(t *testing.T, p lab.Program, config string) *daemon {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, "keepalived.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	d := &daemon{t: t, cmd: exec.Command(p.Path, "-n", "-l", "-D", "-P", "-f", file, "-p", folder+"/pid", "-r", folder+"/vrrp")}
	d.cmd.Env = append(os.Environ(), p.Env...)
	d.cmd.Stdout, d.cmd.Stderr = d, d
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.cmd.Process.Kill() })
	return d
}

func ip(t *testing.T, line string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", line, err, out)
	}
}

// sleeper starts a process that is tracked.
func sleeper(t *testing.T) *exec.Cmd {
	t.Helper()
	c := exec.Command("sleep", "4321")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	return c
}

func end(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // it was killed
}

// TestTrackProcess has both programs see processes come and go. They say the same.
func TestTrackProcess(t *testing.T) {
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	ours, err := lab.Choose(root, "KEEPALIVED_OURS", "ours")
	if err != nil {
		t.Fatal(err)
	}
	peer, err := lab.Choose(root, "KEEPALIVED_PEER", "debian")
	if err != nil {
		t.Fatal(err)
	}
	ip(t, "link add trk0 type veth peer name trk1")
	defer ip(t, "link del trk0")
	ip(t, "address add 192.0.2.1/24 dev trk0")
	ip(t, "link set trk0 up")
	ip(t, "link set trk1 up")
	const config = "vrrp_track_process p {\nprocess sleep 4321\n%s}\nvrrp_instance VI_1 {\ninterface trk0\nvirtual_router_id 51\npriority 100\nversion 3\nadvert_int 0.1\n" +
		"virtual_ipaddress {\n192.0.2.80\n}\ntrack_process {\np\n}\n}\n"
	const toMaster, gained, lost = "(VI_1) Entering MASTER STATE", "Quorum gained for tracked process p", "Quorum lost for tracked process p"
	var told [2]string
	for i, p := range []lab.Program{ours, peer} {
		d := start(t, p, fmt.Sprintf(config, ""))
		d.says("(VI_1) entering FAULT state (tracked process p quorum not achieved)", 1)
		first := sleeper(t)
		d.says(toMaster, 1)
		end(t, first)
		d.says("(VI_1) Entering FAULT STATE\n", 1)
		first = sleeper(t)
		d.says(gained, 2)
		d.says(toMaster, 2)
		d.stop()
		end(t, first)
		one := d.output()

		d = start(t, p, fmt.Sprintf(config, "weight 40\nquorum 2\nquorum_max 2\n"))
		d.says(toMaster, 1)
		all := []*exec.Cmd{sleeper(t), sleeper(t)}
		d.says(gained, 1)
		all = append(all, sleeper(t))
		d.says(lost, 1)
		end(t, all[0])
		d.says(gained, 2)
		end(t, all[1])
		d.says(lost, 2)
		d.says("Changing effective priority from 140 to 100", 2)
		d.stop()
		end(t, all[2])
		told[i] = atStart.ReplaceAllString(strings.Join(story.FindAllString(one+d.output(), -1), "\n"), "")
	}
	if told[0] != told[1] {
		t.Errorf("%s says\n%s\n%s says\n%s", ours.Name, told[0], peer.Name, told[1])
	}
}

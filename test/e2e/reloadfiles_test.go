package e2e

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// TestReloadCheckConfig has the text checked before a reload: one with a fault
// that would not keep keepalived from starting is refused, and the log that is
// named says why.
func TestReloadCheckConfig(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			config := func(extra, address string) string {
				return "global_defs {\nreload_check_config " + lab.Dir + "/check.log\n}\n" + n.dialect.instance("VI_1", vrid, "MASTER", high, address, extra)
			}
			_, err := web.Write("check.log", "of last time\n", 0o644)
			n.must(err)
			daemon := n.start(web, p, config("", vip.String()))
			n.holds(web, n.dialect.masterDown(high))

			n.must(daemon.Reconfigure(config("frobnicate 7\n", "192.168.4.81")))
			_, err = daemon.WaitLine(n.context(0), 0, "New config failed validation, see "+lab.Dir+"/check.log for details")
			n.must(err)
			said, err := web.Read(lab.Dir + "/check.log")
			if err != nil || !strings.Contains(said, "nknown keyword") || !strings.Contains(said, "frobnicate") || strings.Contains(said, "last time") {
				t.Errorf("the log has %q, %v", said, err)
			}
			n.holds(web, 0)

			n.must(daemon.Reconfigure(config("", "192.168.4.82")))
			_, err = daemon.WaitLine(n.context(0), 0, "Reload complete")
			n.must(err)
			if said, err := web.Read(lab.Dir + "/check.log"); err != nil || said != "" {
				t.Errorf("the log has %q, %v, want nothing", said, err)
			}
			n.stop(daemon)
		})
	}
}

// TestReloadTimeFile sets the time of a reload, changes it, takes it back, and
// has it come.
func TestReloadTimeFile(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			file := lab.Dir + "/tmp/time"
			config := func(address string) string {
				return "global_defs {\nreload_time_file " + file + "\n}\n" + n.dialect.instance("VI_1", vrid, "MASTER", high, address, "")
			}
			daemon := n.start(web, p, config(vip.String()))
			n.holds(web, n.dialect.masterDown(high))
			// steps are what the file says and what the log says of it.
			step := func(text, want string) {
				t.Helper()
				mark := daemon.Lines.Len()
				if text == "" {
					n.must(os.Remove(web.Path(file)))
				} else {
					n.must(os.WriteFile(web.Path(file), []byte(text), 0o644))
				}
				_, err := daemon.WaitLine(n.context(0), mark, want)
				n.must(err)
			}
			tomorrow := time.Now().Add(25 * time.Hour)
			at := func(add time.Duration) string { return tomorrow.Add(add).Format(time.DateTime) }
			step(at(0)+"\n", "Scheduling reload for "+at(0))
			step(at(time.Minute), "Reload time updated from "+at(0)+" to "+at(time.Minute))
			step("25:00:00\n", "Cancelling reload scheduled for "+at(time.Minute))
			step(at(0)+"\n", "Scheduling reload for "+at(0))
			step("2020-01-01 00:00:00\n", "past - ignoring")
			step(at(0)+"\n", "Scheduling reload for "+at(0))
			step("", "Cancelling reload scheduled for "+at(0))

			_, err := web.Write("keepalived.conf", config("192.168.4.81"), 0o644)
			n.must(err)
			mark := daemon.Lines.Len()
			soon := time.Now().Add(2 * time.Second).UTC()
			n.must(os.WriteFile(web.Path(file)+".part", []byte(soon.Format(time.DateTime)+"Z\n"), 0o644))
			n.must(os.Rename(web.Path(file)+".part", web.Path(file)))
			line, err := daemon.WaitLine(n.context(2*time.Second), mark, "Reload complete")
			n.must(err)
			if early := soon.Truncate(time.Second).Sub(line.Time); early > 0 {
				t.Errorf("the reload was %v too early", early)
			}
			if _, err := os.Lstat(web.Path(file)); !os.IsNotExist(err) {
				t.Errorf("the file is left: %v", err)
			}
			// The next one is followed as well.
			step(at(0)+"\n", "Scheduling reload for "+at(0))
			n.stop(daemon)
		})
	}
}

// TestReloadRepeat keeps the file, for a reload at the same time of each day.
func TestReloadRepeat(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			soon := time.Now().Add(3 * time.Second)
			file, err := web.Write("time", soon.Format(time.TimeOnly)+"\n", 0o644)
			n.must(err)
			daemon := n.start(web, p, "global_defs {\nreload_repeat\nreload_time_file "+file+"\n}\n"+n.dialect.config("MASTER", high))
			_, err = daemon.WaitLine(n.context(3*time.Second), 0, "Reload complete")
			n.must(err)
			if p.Name != peer.Name { // its timer may be a little early, and then it is not tomorrow yet
				_, err = daemon.WaitLine(n.context(0), 0, "Scheduling reload for "+soon.AddDate(0, 0, 1).Format(time.DateTime))
				n.must(err)
			}
			if content, err := web.Read(file); err != nil || content == "" {
				t.Errorf("the file has %q, %v", content, err)
			}
			n.stop(daemon)
		})
	}
}

// TestReloadFile makes the file of reload_file before a reload: it is gone when
// the configuration was read, and it is where the pid files are.
func TestReloadFile(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ config, keyword, file string }{
		"usual":    {"", "reload_file", "/run/keepalived.reload"},
		"folder":   {"use_pid_dir\n", "reload_file", "/run/keepalived/keepalived.reload"},
		"instance": {"instance one\n", "reload_file", "/run/keepalived/keepalived_one.reload"},
		"named":    {"", "reload_file " + lab.Dir + "/reload", lab.Dir + "/reload"},
	} {
		for _, p := range []lab.Program{ours, peer} {
			t.Run(name+" "+p.Name, func(t *testing.T) {
				t.Parallel()
				n := newNetwork(t, dialects[1])
				web := n.web[0]
				n.must(os.MkdirAll(filepath.Dir(web.Path(row.file)), 0o755))
				n.must(os.WriteFile(web.Path(row.file), []byte("left by a daemon that was killed"), 0o644))
				gone := func(when string) {
					t.Helper()
					n.must(lab.Until(n.context(0), "the file to go "+when, func() error {
						if _, err := os.Lstat(web.Path(row.file)); !os.IsNotExist(err) {
							return fmt.Errorf("it is there: %v", err)
						}
						return nil
					}))
				}
				keyword := row.keyword
				if p.Name == peer.Name {
					keyword += "\nreload_check_config" // without it 2.2.7 does not take the file of the usual name away
				}
				daemon := n.start(web, p, row.config+"global_defs {\n"+keyword+"\n}\n"+n.dialect.config("MASTER", high))
				n.holds(web, n.dialect.masterDown(high))
				gone("at the start")
				n.must(os.WriteFile(web.Path(row.file), []byte("wait"), 0o644))
				n.must(daemon.Signal(unix.SIGHUP))
				gone("with the reload")
				_, err := daemon.WaitLine(n.context(0), 0, "Reload complete")
				n.must(err)
				if row.config != "" {
					n.must(os.WriteFile(web.Path(row.file), nil, 0o644)) // the folder is not taken away with it
				}
				n.stop(daemon)
			})
		}
	}
}

// TestReloadFileMade has the daemon make the file where nobody else did, and
// empty one that is there.
func TestReloadFileMade(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	n.must(os.Mkdir(web.Path(lab.Dir+"/made"), 0o755))
	file := lab.Dir + "/made/reload"
	daemon := n.start(web, ours, "global_defs {\nreload_file "+file+"\n}\n"+n.dialect.config("MASTER", high))
	n.holds(web, n.dialect.masterDown(high))
	for _, row := range []struct {
		before string
		first  uint32
	}{{"", unix.IN_CREATE}, {"wait", unix.IN_MODIFY}} {
		if row.before != "" {
			n.must(os.WriteFile(web.Path(file), []byte(row.before), 0o600))
		}
		fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
		n.must(err)
		watch := os.NewFile(uintptr(fd), "inotify")
		t.Cleanup(func() { _ = watch.Close() })
		_, err = unix.InotifyAddWatch(fd, web.Path(lab.Dir+"/made"), unix.IN_CREATE|unix.IN_MODIFY|unix.IN_DELETE)
		n.must(err)
		n.must(daemon.Signal(unix.SIGHUP))
		n.must(watch.SetReadDeadline(time.Now().Add(patience(0))))
		var masks []uint32
		for len(masks) < 2 {
			events := make([]byte, 4096)
			length, err := watch.Read(events)
			n.must(err)
			for rest := events[:length]; len(rest) >= unix.SizeofInotifyEvent; {
				masks = append(masks, binary.NativeEndian.Uint32(rest[4:]))
				rest = rest[unix.SizeofInotifyEvent+binary.NativeEndian.Uint32(rest[12:]):]
			}
		}
		if want := []uint32{row.first, unix.IN_DELETE}; !slices.Equal(masks, want) {
			t.Errorf("with %q before: %#x became of it, want %#x", row.before, masks, want)
		}
		_, err = daemon.WaitLine(n.context(0), 0, "Reload complete")
		n.must(err)
	}
	n.stop(daemon)
}

// TestConfigSaveDir keeps a copy of every text that was read, in a folder for
// nobody else.
func TestConfigSaveDir(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			folder := lab.Dir + "/saved"
			config := func(priority int) string {
				return "global_defs {\nconfig_save_dir " + folder + "\n}\n" + n.dialect.config("MASTER", priority)
			}
			daemon := n.start(web, p, config(high))
			n.holds(web, n.dialect.masterDown(high))
			n.must(daemon.Reconfigure(config(90)))
			_, err := daemon.WaitLine(n.context(0), 0, "Reload complete")
			n.must(err)
			inside := strings.TrimSpace(n.read1(web, "/run/keepalived.pid"))
			for number, priority := range []int{high, 90} {
				text := n.read1(web, fmt.Sprintf("%s/keepalived.conf.%s.%d", folder, inside, number))
				if !strings.Contains(text, fmt.Sprintf("priority %d\n", priority)) {
					t.Errorf("copy %d is %q, want priority %d", number, text, priority)
				}
			}
			child := strings.TrimSpace(n.read1(web, "/run/vrrp.pid"))
			for when, priority := range map[string]int{"pre": high, "post": 90} {
				n.must(lab.Until(n.context(0), "the state around the reload", func() error {
					text, err := web.Read(fmt.Sprintf("%s/keepalived_vrrp.%s.1.%s", folder, child, when))
					if err == nil && !strings.Contains(text, fmt.Sprintf("   Priority = %d\n", priority)) {
						err = fmt.Errorf("the one from %s is %q, want priority %d", when, text, priority)
					}
					return err
				}))
			}
			info, err := os.Stat(web.Path(folder))
			if err != nil || p.Name != peer.Name && info.Mode().Perm() != 0o700 {
				t.Errorf("%s: %v, %v, want mode 0700", folder, info.Mode(), err)
			}
			n.stop(daemon)
		})
	}
}

// read1 reads a file of a host that is there.
func (n *network) read1(host *lab.Host, path string) string {
	n.t.Helper()
	content, err := host.Read(path)
	n.must(err)
	if content == "" {
		n.t.Fatalf("%s is empty or missing", path)
	}
	return content
}

// TestTmpConfigDirectory has the children read their configuration from a file
// without a name in a folder, and refuses to change the folder in a reload.
func TestTmpConfigDirectory(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			config := func(folder, address string) string {
				return "global_defs {\ntmp_config_directory " + folder + "\n}\n" + n.dialect.instance("VI_1", vrid, "MASTER", high, address, "")
			}
			daemon := n.start(web, p, config(lab.Dir+"/tmp", vip.String()))
			n.holds(web, n.dialect.masterDown(high))
			if p.Name != peer.Name { // its children cannot read the second text
				n.must(daemon.Reconfigure(config(lab.Dir+"/tmp", vip.String()+"\n192.168.4.81")))
				_, err := daemon.WaitLine(n.context(0), 0, "Reload complete")
				n.must(err)
			}
			n.must(daemon.Reconfigure(config(lab.Dir, vip.String())))
			_, err := daemon.WaitLine(n.context(0), 0, "Cannot change config_directory at a reload - please restart keepalived")
			n.must(err)
			n.holds(web, 0)
			left, err := os.ReadDir(web.Path(lab.Dir + "/tmp"))
			if err != nil || len(left) > 0 {
				t.Errorf("the folder has %v, %v, want nothing", left, err)
			}
			n.stop(daemon)
		})
	}
}

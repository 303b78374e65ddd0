package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// reloadPatience is how long --reload waits without any news. The daemon says when it needs longer.
const reloadPatience = 60 * time.Second

// reloadFailed is how the log begins to say it, too.
const reloadFailed = "Reload failed, the running configuration stays in force: "

// askReload is --reload: it has the running daemon read its configuration, waits, and says what came of it on w. It
// gives the exit code.
func askReload(pidFile string, w io.Writer) int {
	conn, err := net.DialTimeout("unixpacket", controlPath(pidFile), requestPatience)
	if err == nil {
		defer func() { _ = conn.Close() }()
		err = awaitReload(conn.(*net.UnixConn), w)
	} else if !errors.Is(err, fs.ErrPermission) {
		err = hangUp(pidFile, w)
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		fmt.Fprintf(w, "keepalived --reload: %v; run it as root or as the user that the daemon runs as\n", err)
	case err != nil:
		fmt.Fprintf(w, "keepalived --reload: %v\n", err)
	}
	if err != nil {
		return exitFatal
	}
	return exitOK
}

// findPIDFile is the pid file of the daemon that a command with the same options is about: it may be the configuration
// that says where it is. What cannot be read says nothing.
func (o Options) findPIDFile() string {
	if text := read(o); !o.chosen["pid"] && text.text != nil {
		o.movePIDFiles(decodeText(text.text).config.Global)
	}
	return o.PIDFile
}

// awaitReload asks over the control socket and writes the diagnostics of the reload.
func awaitReload(conn *net.UnixConn, w io.Writer) error {
	packet, err := json.Marshal(controlRequest{Command: commandReload})
	if err != nil {
		return err
	}
	if _, err := conn.Write(packet); err != nil {
		return fmt.Errorf("asking the daemon: %w", err)
	}
	buffer := make([]byte, maxPacket)
	for patience := reloadPatience; ; {
		r, err := receiveReply(conn, buffer, patience)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return fmt.Errorf("no answer within %v; the log says more", patience.Round(time.Second))
		case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
			return errors.New("the daemon has ended before it answered; the log says why")
		case err != nil:
			return fmt.Errorf("waiting for the daemon: %w", err)
		case r.Text != "":
			fmt.Fprintln(w, r.Text)
		case r.Done && r.Failed != "":
			return errors.New(reloadFailed + r.Failed)
		case r.Done:
			return nil
		}
		if r.Wait > 0 {
			patience = reloadPatience + r.Wait
		}
	}
}

func receiveReply(conn *net.UnixConn, buffer []byte, patience time.Duration) (controlReply, error) {
	var r controlReply
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return r, err
	}
	n, err := conn.Read(buffer)
	switch {
	case err != nil:
		return r, err
	case n == 0:
		return r, io.EOF // which Go does not say of sockets that keep packets apart
	}
	return r, json.Unmarshal(buffer[:n], &r)
}

// hangUp sends SIGHUP to a daemon that has no control socket: upstream's, which still runs after an upgrade of the
// package, or one that could not open it.
func hangUp(pidFile string, w io.Writer) error {
	pid, err := runningDaemon(pidFile)
	if err != nil {
		return err
	}
	if err := unix.Kill(pid, unix.SIGHUP); err != nil {
		return fmt.Errorf("sending SIGHUP to process %d: %w", pid, err)
	}
	fmt.Fprintf(w, "keepalived --reload: process %d has no control socket, so it was sent SIGHUP; its log says what comes of it\n", pid)
	return nil
}

// runningDaemon is the process that a pid file names, when that is a keepalived.
func runningDaemon(pidFile string) (int, error) {
	text, err := os.ReadFile(pidFile)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("no keepalived runs with the pid file %s; start it, or name its pid file with -p", pidFile)
	}
	if err != nil {
		return 0, fmt.Errorf("reading the pid file: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid <= 1 {
		return 0, fmt.Errorf("%s does not name a process; start keepalived, or name its pid file with -p", pidFile)
	}
	if !isKeepalived(pid) {
		return 0, fmt.Errorf("keepalived does not run: %s names process %d, which has ended; start it", pidFile, pid)
	}
	return pid, nil
}

// isKeepalived tells a keepalived from a process that has got its number since. The name may be another one
// (process_name), the first argument is what was typed.
func isKeepalived(pid int) bool {
	words, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || len(words) == 0 {
		return false // it has ended, or was never there
	}
	typed, _, _ := strings.Cut(string(words), "\x00")
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)) // an empty name is no match
	return filepath.Base(typed) == processName || strings.TrimSpace(string(name)) == processName
}

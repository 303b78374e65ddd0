package daemon

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// launch starts the daemon in a session of its own and returns when it serves: its pid files are there. When it ends
// before that, its exit code is ours.
func launch(o Options) int {
	signal.Ignore(unix.SIGHUP) // the daemon inherits that until its own handler stands
	child, err := spawn(roleParent, true)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFatal
	}
	buffer := make([]byte, maxPacket)
	for {
		m, err := receiveMessage(child.conn, buffer)
		switch {
		case errors.Is(err, io.EOF):
			return launchFailed(o, child)
		case err != nil:
			fmt.Fprintf(os.Stderr, "waiting for the daemon: %v\n", err)
			return exitFatal
		case m.Error != "":
			fmt.Fprintln(os.Stderr, m.Error)
		case m.Kind == kindReady:
			return exitOK
		}
	}
}

func launchFailed(o Options, child *spawned) int {
	state, err := child.process.Wait()
	if err != nil {
		fmt.Fprintf(os.Stderr, "waiting for the daemon: %v\n", err)
		return exitFatal
	}
	switch {
	case state.Success():
		fmt.Fprintln(os.Stderr, "the daemon was stopped during its start")
	case !state.Exited():
		fmt.Fprintf(os.Stderr, "the daemon has ended during its start: %v\n", state)
		log := newLog(o, roleParent)
		defer log.Close()
		logCrash(log.Entry, "parent", child.crash) // nobody else is left who could
	}
	return max(state.ExitCode(), exitFatal) // a daemon that is gone is never a success
}

// Package early hears the signals that come while the program is still being made ready. Go initialises a package as soon
// as what it imports is; this one imports next to nothing, so it listens before most of the others begin, and a signal
// that is for a daemon ends none that starts.
package early

import (
	"os"
	"os/signal"
	"syscall"
)

// RoleVariable hands the role over to a process of a daemon at exec.
const RoleVariable = "_KEEPALIVED_ROLE"

// Signals without a name, which ask for the JSON and for counters that are cleared: SIGRTMIN+2 and SIGRTMAX-1 of glibc.
const (
	JSON       = syscall.Signal(36)
	StatsClear = syscall.Signal(63)
)

// ending are the signals that Go does not leave blocked at the start of a process.
var ending = []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM}

// asking are those that ask a daemon for something, which Go takes and forgets. The processes that a daemon starts begin
// with them blocked, and have them wait there.
var asking = []syscall.Signal{syscall.SIGUSR1, syscall.SIGUSR2, JSON, StatsClear}

// heard are the signals until HandOver.
var heard = make(chan os.Signal, 64)

func init() {
	listen(ending)
	if _, started := os.LookupEnv(RoleVariable); !started {
		listen(asking)
	}
}

func listen(signals []syscall.Signal) {
	for _, s := range signals {
		if !signal.Ignored(s) { // as nohup wants
			signal.Notify(heard, s)
		}
	}
}

// HandOver ends the listening. What was heard comes once more: to the handlers that stand now, or with the effect that it
// has where there are none.
func HandOver() {
	signal.Stop(heard)
	for {
		select {
		case s := <-heard:
			_ = syscall.Kill(os.Getpid(), s.(syscall.Signal))
		default:
			return
		}
	}
}

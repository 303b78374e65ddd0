package early

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// act makes the test program do something else.
const act = "KEEPALIVED_TEST_EARLY"

// patience is how long a signal may be on its way.
const patience = 10 * time.Second

func TestMain(m *testing.M) {
	role := os.Getenv(act)
	if role == "" {
		HandOver()
		os.Exit(m.Run())
	}
	os.Exit(roles[role]())
}

// roles give an exit code.
var roles = map[string]func() int{
	"with a handler": func() int {
		sendMyself(syscall.SIGTERM) // SIGHUP is ignored where tests are run with nohup
		handled := make(chan os.Signal, 1)
		signal.Notify(handled, syscall.SIGTERM)
		HandOver()
		return await(handled)
	},
	"without a handler": func() int {
		sendMyself(syscall.SIGTERM)
		HandOver()
		return await(nil)
	},
	"asked with a handler": func() int {
		sendMyself(syscall.SIGUSR1)
		handled := make(chan os.Signal, 1)
		signal.Notify(handled, syscall.SIGUSR1)
		HandOver()
		return await(handled)
	},
	"hang-ups ignored": func() int {
		if signal.Ignored(syscall.SIGHUP) {
			return 0
		}
		return 1
	},
}

// sendMyself returns when a signal was heard, which stays where it was.
func sendMyself(s syscall.Signal) {
	_ = syscall.Kill(os.Getpid(), s)
	select {
	case s := <-heard:
		heard <- s
	case <-time.After(patience):
	}
}

// await gives 0 when a signal comes.
func await(c <-chan os.Signal) int {
	select {
	case <-c:
		return 0
	case <-time.After(patience):
		return 1
	}
}

// A signal of the first moments has the effect that it has later.
func TestHandOver(t *testing.T) {
	for name, want := range map[string]string{
		"with a handler": "exit status 0", "without a handler": "signal: terminated", "asked with a handler": "exit status 0",
		"hang-ups ignored": "exit status 0",
	} {
		t.Run(name, func(t *testing.T) {
			command := exec.Command("/proc/self/exe")
			if name == "hang-ups ignored" {
				command = exec.Command("/bin/sh", "-c", "trap '' HUP; exec "+os.Args[0])
			}
			command.Env = append(os.Environ(), act+"="+name)
			_ = command.Run() // how it ended is compared
			if got := command.ProcessState.String(); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

package notify

import "time"

// Command is a script with the credentials that it runs with.
type Command struct {
	Argv []string // path or name and configured arguments; never empty. A name is looked up in PATH.
	UID  uint32
	GID  uint32
	// Groups are the supplementary groups; nil keeps none but GID.
	Groups []uint32
	// Label names what it belongs to, for the log: "VI_1 notify_master".
	Label string
	// Secure applies the rules of enable_script_security just before the start.
	Secure bool
	// KeepLink starts the path as it stands. Else symbolic links in it are followed first, so that a script sees its real
	// place as its name; the first argument of a program stays as it is.
	KeepLink bool
	// Await makes Stop wait for the end of the script.
	Await bool
	// Until, when not nil, ends the script's process group when it is closed. Such a script ends with this process
	// as well.
	Until <-chan struct{}
}

// Result is how a script ended.
type Result struct {
	Command  Command
	Err      error // could not be started
	ExitCode int   // -1 when ended by a signal
	Signal   int   // the signal, 0 when it exited
	TimedOut bool
	Took     time.Duration
}

// Failed tells whether the script could not be started, or ended otherwise than with status 0.
func (r Result) Failed() bool { return r.Err != nil || r.ExitCode != 0 }

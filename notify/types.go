package notify

import "time"

// Command is a script with the credentials that it runs with.
type Command struct {
	Argv []string // path and configured arguments; never empty
	UID  uint32
	GID  uint32
	// Groups are the supplementary groups; nil keeps none but GID.
	Groups []uint32
	// Label names what it belongs to, for the log: "VI_1 notify_master".
	Label string
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

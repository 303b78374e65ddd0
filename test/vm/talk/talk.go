// Package talk is what a virtual machine and the process that started it say
// to each other: values in encoding/gob over one stream in each direction.
//
// The machine says Ready or Failed first. Then the outside gives one Command
// after the other; while one runs it may send Input and Signal, and the
// machine sends Output as it comes and Exit in the end. When the outside
// closes the stream, the machine turns itself off.
package talk

import "time"

// Port is the name of the stream's port inside the machine.
const Port = "keepalived.talk"

// Tag is the name of the shared file system.
const Tag = "outside"

// Streams of a Command.
const (
	Stdout = 1
	Stderr = 2
)

// Setup is how the machine is made ready, as a file in its first file system.
type Setup struct {
	// First are the modules below /modules that are needed to reach the
	// shared file system, in the order of loading.
	First []string
	// Modules are the modules that are loaded once it is there.
	Modules []string
	// Merge is a folder outside that appears in the machine as if the
	// packages in it were installed. A file of the outside's own wins.
	Merge string
	// Writable are folders outside that commands can change. Changes to all
	// others stay in the machine.
	Writable []string
}

// Request is one thing that the outside wants; one field is set.
type Request struct {
	Command *Command
	Input   *Input
	Signal  int
}

// Command is a program to run as root.
type Command struct {
	// Args are the program, by path or to be looked up, and its arguments.
	Args []string
	// Env is added to the environment of the machine.
	Env []string
	// Dir is the working directory.
	Dir string
	// Merge sends what the program writes to both streams as Stdout, in order.
	Merge bool
	// Input says that Input follows; otherwise it is empty.
	Input bool
	// Now is the time outside, for the clock of the machine, which starts at a
	// whole second.
	Now time.Time
}

// Input is a part of the standard input. One without Data ends it.
type Input struct {
	Data []byte
}

// Report is one thing that the machine says; one field is set.
type Report struct {
	Ready  *Ready
	Failed string
	Output *Output
	Exit   *Exit
}

// Ready says that commands can be given.
type Ready struct {
	// Kernel is the release of the running kernel.
	Kernel string
	// Uptime is how long the kernel has run, by its own clock.
	Uptime time.Duration
}

// Output is what a program wrote.
type Output struct {
	Stream int
	Data   []byte
}

// Exit is how a command ended.
type Exit struct {
	// Error is why it could not be started, empty where it was.
	Error string
	// Code is the exit status, or 128 and the signal that ended it.
	Code int
	// Signal names the signal that ended it, empty where none did.
	Signal string
	// Killed counts the processes of the whole machine that the kernel
	// killed for want of memory meanwhile.
	Killed int
}

// Package daemon is the life of the processes: options, parent and children, signals, pid files, reload, logging.
//
//	launcher ──setsid──> parent ──socket──> VRRP child (vrrp.Engine)
//	  waits for the         │  signals, pid files, configuration, respawn
//	  pid files             └─> clean-up child, when a child died for good
//
// Every process is the same binary with the arguments that the user typed. What a process is, it learns from
// an environment variable that is removed at once, and it inherits a socket to the one that started it (see role.go). The parent
// never forwards signals to a child: it sends messages, so that nothing depends on when a handler stands.
package daemon

// Package check is the engine of the checker child: it asks the real servers of every virtual server whether they
// serve, and keeps the kernel's table of virtual servers as the configuration and the answers say.
//
// What decides is pure: state.go and its neighbours turn results of checks into ordered actions, desired.go turns the
// configuration and the state into the table that the kernel is to have. One goroutine, [Engine.Run], owns everything;
// a check has a goroutine of its own only while it is in flight, and one worker talks to the kernel. The worker is
// level-triggered: it compares what is wanted with what the kernel has. It reads the kernel at the start, at a reload
// and after an error, and a world that did not change writes nothing.
package check

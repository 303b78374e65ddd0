package daemon

import "runtime/debug"

// How much garbage may pile up, in percent of what lives, before it is collected. Reading a configuration makes much at
// once and is over soon; afterwards a process is small and lives for months, so memory matters more than processor time.
// Checks make garbage all the time.
const (
	gcWhileReading  = 400
	gcWhileServing  = 30
	gcWhileChecking = 100
)

// hurry suits the garbage collector to the reading of a configuration.
func hurry() { debug.SetGCPercent(gcWhileReading) }

// settle suits it to the long life after that, and gives back what the reading took.
func settle(r role) {
	percent := gcWhileServing
	if r == roleChecker {
		percent = gcWhileChecking
	}
	debug.SetGCPercent(percent)
	debug.FreeOSMemory()
}

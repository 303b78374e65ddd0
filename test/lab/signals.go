package lab

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// libraryFirst and libraryLast are the signals that the C library keeps for
// itself. Some versions of make leave them ignored in what they run, and all
// that is started from there inherits it, which no daemon expects.
const (
	libraryFirst = 32
	libraryLast  = 33
)

// kernelAction is the kernel's struct sigaction; all zero is the default.
type kernelAction struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

// resetSignals gives the C library's signals their default action again. The
// Go runtime does not use them.
func resetSignals() error {
	var action kernelAction
	for signal := libraryFirst; signal <= libraryLast; signal++ {
		_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(signal),
			uintptr(unsafe.Pointer(&action)), 0, unsafe.Sizeof(action.mask), 0, 0)
		if errno != 0 {
			return fmt.Errorf("resetting signal %d: %w", signal, errno)
		}
	}
	return nil
}

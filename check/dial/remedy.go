package dial

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
)

// firstPort is the lowest port that everybody may bind to.
const firstPort = 1024

// bound makes the failure of binding one of this host, whatever the number of the error: the same ones come from
// servers.
func bound(err error, to config.Connection) error {
	var call *os.SyscallError
	if !errors.As(err, &call) || call.Syscall != "bind" {
		return err
	}
	return &SetupError{Step: fmt.Sprintf("binding to %v", netip.AddrPortFrom(to.Bind, to.Port)), Err: call.Err, Remedy: bindRemedy(call.Err, to.Port)}
}

func bindRemedy(err error, port uint16) string {
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return "another program or the connection of a former check has it: choose another bind_port"
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return "no interface has the address"
	case errors.Is(err, unix.EACCES) && port > 0 && port < firstPort:
		return fmt.Sprintf("ports below %d need the capability CAP_NET_BIND_SERVICE", firstPort)
	}
	return ""
}

// rightRemedy names the capability that an option of a socket needs.
func rightRemedy(err error, capability string) string {
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return "the capability " + capability + " is needed"
	}
	return ""
}

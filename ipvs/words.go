package ipvs

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// String is the key as administrators write it, such as "TCP 192.0.2.1:80" or "FWM 7".
func (k Key) String() string {
	if k.Mark != 0 {
		if k.Family == 6 {
			return fmt.Sprintf("FWM %d IPv6", k.Mark)
		}
		return fmt.Sprintf("FWM %d", k.Mark)
	}
	return fmt.Sprintf("%s %s", protocolName(k.Protocol), k.Addr)
}

func protocolName(p uint8) string {
	switch p {
	case unix.IPPROTO_TCP:
		return "TCP"
	case unix.IPPROTO_UDP:
		return "UDP"
	case unix.IPPROTO_SCTP:
		return "SCTP"
	}
	return fmt.Sprintf("protocol %d", p)
}

// OperationError says which operation the kernel has refused, and what may help.
type OperationError struct {
	Operation Operation
	Err       error // the kernel's errno
}

// Error is one line.
func (e *OperationError) Error() string {
	return fmt.Sprintf("%s: %v%s", e.Operation, e.Err, e.remedy())
}

// Unwrap returns the kernel's errno.
func (e *OperationError) Unwrap() error { return e.Err }

// OperationErrors are the operations of one call that the kernel has refused, in the order in which they were asked for.
type OperationErrors []*OperationError

// Add notes how an operation ended; nil is no error. A service that could not be added is
// one failure, however many destinations it was to have.
func (e *OperationErrors) Add(o Operation, err error) {
	if err == nil {
		return
	}
	if o.Verb >= AddDestination && errors.Is(err, unix.ESRCH) && slices.ContainsFunc(*e, func(f *OperationError) bool {
		return f.Operation.Verb == AddService && f.Operation.Service.Key == o.Service.Key
	}) {
		return
	}
	*e = append(*e, &OperationError{Operation: o, Err: err})
}

// AsError is nil when no operation failed.
func (e OperationErrors) AsError() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// Error is one line: the first error, and how many more there are.
func (e OperationErrors) Error() string {
	switch len(e) {
	case 0:
		return "no operation failed"
	case 1:
		return e[0].Error()
	}
	return fmt.Sprintf("%v; %d more operations failed", e[0], len(e)-1)
}

// Unwrap returns all of them.
func (e OperationErrors) Unwrap() []error {
	list := make([]error, len(e))
	for i := range e {
		list[i] = e[i]
	}
	return list
}

// String says what the operation does.
func (o Operation) String() string {
	switch o.Verb {
	case AddService:
		return fmt.Sprintf("adding virtual service %s", o.Service.Key)
	case EditService:
		return fmt.Sprintf("changing virtual service %s", o.Service.Key)
	case DeleteService:
		return fmt.Sprintf("deleting virtual service %s", o.Service.Key)
	case AddDestination:
		return fmt.Sprintf("adding server %s to virtual service %s", o.Destination.Addr, o.Service.Key)
	case EditDestination:
		return fmt.Sprintf("changing server %s of virtual service %s", o.Destination.Addr, o.Service.Key)
	case DeleteDestination:
		return fmt.Sprintf("deleting server %s from virtual service %s", o.Destination.Addr, o.Service.Key)
	}
	return fmt.Sprintf("operation %d", o.Verb)
}

// remedy explains the errors that the kernel has for a missing module and for a server of the other family.
func (e *OperationError) remedy() string {
	s, d := e.Operation.Service, e.Operation.Destination
	service := e.Operation.Verb == AddService || e.Operation.Verb == EditService
	switch {
	case errors.Is(e.Err, unix.EINVAL) && !service && d.Addr.IsValid() && d.Addr.Addr().Is6() != (s.Family == 6):
		return " (only a tunnel leads to a server of the other family, and none while the kernel's synchronization daemon runs)"
	case !errors.Is(e.Err, unix.ENOENT) || !service:
		return ""
	case s.Engine != "":
		return fmt.Sprintf(" (the kernel has no scheduler %q or no persistence engine %q: modprobe ip_vs_%s ip_vs_pe_%s)", s.Scheduler, s.Engine, s.Scheduler, s.Engine)
	default:
		return fmt.Sprintf(" (the kernel has no scheduler %q: modprobe ip_vs_%s)", s.Scheduler, s.Scheduler)
	}
}

package mail

import (
	"errors"
	"fmt"
)

// Result is what became of a try or a message.
type Result int

// The results.
const (
	Sent    Result = iota // the server took the message; Err is set when it refused some recipients
	Retried               // a try failed; another follows after a pause
	Failed                // the message was given up
	Dropped               // Count messages were not tried, or not to the end: Err says why
)

// Outcome is worth one line of a log.
type Outcome struct {
	Result  Result
	Subject string // empty for Dropped
	Try     int    // from 1; 0 for Dropped
	Count   int    // messages
	Err     error
}

// String is the line, without line ends and of bounded length whatever a server said.
func (o Outcome) String() string {
	what := ""
	switch o.Result {
	case Sent:
		what = fmt.Sprintf("mail sent: %s", o.Subject)
	case Retried:
		what = fmt.Sprintf("mail to be tried again after try %d: %s", o.Try, o.Subject)
	case Failed:
		what = fmt.Sprintf("mail given up after try %d: %s", o.Try, o.Subject)
	case Dropped:
		what = fmt.Sprintf("%d mails dropped", o.Count)
	}
	if o.Err != nil {
		what += ": " + o.Err.Error()
	}
	return oneLine(what, 500)
}

// The reasons of Dropped.
var (
	ErrOverflow = errors.New("too many waited")
	ErrClosed   = errors.New("the time to end was over")
	ErrDisabled = errors.New("no smtp_server or no notification_email any more")
)

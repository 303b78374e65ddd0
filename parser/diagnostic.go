package parser

import (
	"fmt"
	"strings"
)

// Severity tells what the daemon does about a diagnostic.
type Severity uint8

// The severities, from harmless to fatal.
const (
	// Notice has no influence on the exit status of -t.
	Notice Severity = iota
	// Warning is something upstream says and then lives with.
	Warning
	// Error is something upstream dies of.
	Error
)

// String is the word that is printed.
func (s Severity) String() string { return [...]string{"notice", "warning", "error"}[s] }

// Status is the exit status of -t that a diagnostic asks for. The largest one wins, except StatusMissing, which
// ends the reading of the file as upstream's does and wins over all.
type Status uint8

// The exit statuses of -t (the command line's contract).
const (
	StatusOK       Status = 0
	StatusMissing  Status = 2 // a keyword lacks a required argument
	StatusFatal    Status = 4 // only faults of the class file, interface
	StatusConfig   Status = 5 // syntax and value errors
	StatusSecurity Status = 6 // script security, missing include that matters
)

// Diagnostic is one thing to say about a configuration.
type Diagnostic struct {
	Pos      Position
	Severity Severity
	Status   Status
	// Structural is true for faults that make the text as a whole untrustworthy (braces, an open quote, NUL,
	// a missing or unreadable include): a reload keeps the running configuration.
	Structural bool
	Message    string
	// Suggestion says what to do, e.g. `did you mean "priority"?`. It may be empty.
	Suggestion string
}

// String is the one-line form: file:line:column: severity: message; suggestion.
func (d Diagnostic) String() string {
	s := fmt.Sprintf("%s: %s: %s", d.Pos, d.Severity, d.Message)
	if d.Pos.Source == nil {
		s = fmt.Sprintf("%s: %s", d.Severity, d.Message)
	}
	if d.Suggestion != "" {
		s += "; " + d.Suggestion
	}
	return s
}

// Excerpt is the line that the diagnostic speaks of and a caret below the place, or "" when the text is not at hand.
func (d Diagnostic) Excerpt() string {
	if d.Pos.Source == nil || d.Pos.Source.Text == "" {
		return ""
	}
	line := d.Pos.Source.Line(int(d.Pos.Line))
	if line == "" {
		return ""
	}
	col := min(max(int(d.Pos.Column)-1, 0), len(line))
	pad := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, line[:col])
	return line + "\n" + pad + "^"
}

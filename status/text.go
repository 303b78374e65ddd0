package status

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"keepalived-go/config"
)

// Host answers what only the process knows.
type Host struct {
	// Identify tells who runs a script or owns a pipe. Of a user that does not exist it gives ok false.
	Identify func(config.Script) (a Account, ok bool)
	Umask    int // of this process
}

// Account is a user as the kernel knows it.
type Account struct {
	UID, GID uint32
	Groups   []uint32 // supplementary ones, nil: none are set
}

// text collects the lines of a dump.
type text struct {
	bytes.Buffer
	host Host
}

// line writes one line.
func (t *text) line(format string, arguments ...any) {
	fmt.Fprintf(t, format, arguments...)
	t.WriteByte('\n')
}

// optional writes a line with a value that may be empty, which leaves it out.
func (t *text) optional(format, value string) {
	if value != "" {
		t.line(format, value)
	}
}

// stampForm is a moment as people read it; the zone is that of the host.
const stampForm = "Mon Jan _2 15:04:05.000000 2006"

// seconds is a moment as seconds of the epoch with microseconds. One that never was is 0.
func seconds(at time.Time) string {
	if at.IsZero() {
		return "0.000000"
	}
	return fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000)
}

// stamp is a moment in both forms.
func stamp(at time.Time) string {
	if at.IsZero() {
		at = time.Unix(0, 0)
	}
	return seconds(at) + " (" + at.Format(stampForm) + ")"
}

// command is a command line with every word in quotes.
func command(argv []string) string {
	words := make([]string, len(argv))
	for i, word := range argv {
		if i == 0 && (strings.HasPrefix(word, "<") || strings.HasPrefix(word, ">")) {
			words[i] = word // a redirection alone tests that a file is there
			continue
		}
		words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return strings.Join(words, " ")
}

// owner is who runs a script.
func (t *text) owner(s config.Script) (string, []uint32) {
	a, ok := t.host.Identify(s)
	if !ok {
		return "unknown", nil
	}
	return fmt.Sprintf("%d:%d", a.UID, a.GID), a.Groups
}

// script writes a script with who runs it, and nothing for one that is not configured. indent is that of the list of
// groups.
func (t *text) script(label, indent string, s config.Script) {
	if !s.Set() {
		return
	}
	owner, groups := t.owner(s)
	t.line("%s = %s, uid:gid %s", label, command(s.Argv), owner)
	t.groups(indent, groups)
}

func (t *text) groups(indent string, groups []uint32) {
	if len(groups) == 0 {
		return
	}
	t.line("%sSupplementary groups:", indent)
	for _, g := range groups {
		t.line("%s  %d", indent, g)
	}
}

// either is a word for a switch.
func either(on bool, yes, no string) string {
	if on {
		return yes
	}
	return no
}

func trueFalse(on bool) string { return either(on, "true", "false") }
func yesNo(on bool) string     { return either(on, "yes", "no") }

// decimal is a time in seconds with six digits behind the point.
func decimal(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 6, 64) }

// number is a time in seconds with as many digits as it needs.
func number(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'g', -1, 64) }

// weight is that of a tracked object.
func weight(w config.Weight) string {
	return strconv.Itoa(w.Value) + either(w.Reverse, " reverse", "")
}

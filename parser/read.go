package parser

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"
)

// ErrNoMainFile is returned by ReadFile when no file could be read for the given pattern.
var ErrNoMainFile = errors.New("no configuration file")

// Options are what the reading of a configuration depends on besides its files.
type Options struct {
	// ConfigID is the -i option, compared with @id lines and the value of ${_INSTANCE}. Empty means the short host name.
	ConfigID string
	// RequireIncludes is the -e option: every missing or unreadable include is a fault.
	RequireIncludes bool
	// Getenv looks up a variable for ${_ENV NAME}; nil means the process environment.
	Getenv func(string) (string, bool)
	// Seed seeds ${_RANDOM} where the configuration has no random_seed; nil means a random seed.
	Seed func() uint64
}

// The bounds on what a configuration may become. They are far above every real one and end a run-away expansion in
// about a second.
const (
	maxLine          = 1023      // bytes of a line, as upstream
	maxLines         = 4_000_000 // lines of a Text
	maxGenerated     = 500_000   // lines made by ~SEQ, ~LST and multi-line definitions
	maxExpanded      = 32 << 20  // bytes of lines with a substitution
	maxOpened        = 10_000    // files opened, counting repetitions
	maxBytes         = 128 << 20 // of all files
	maxIncludeDepth  = 64        // files open at the same time
	maxFeeds         = 1_000     // nested expansions
	maxSubstitutions = 2_000     // replacements in one line
)

// The bounds on waiting for files that have nothing to say.
const (
	readPatience = time.Second
	maxWaits     = 3
)

// feed is where lines come from: a repetition, a multi-line definition, a file. Feeds are stacked;
// the newest one is read until it is empty.
type feed interface {
	next(r *reader) (line, bool)
}

// reader does the source handling.
type reader struct {
	opt          Options
	text         Text
	diags        diagnostics
	feeds        []feed
	defs         map[string]*definition
	open         *definition // multi-line definition whose lines are being read
	openFiles    []*file
	room         int64 // bytes that may still be read
	waits        int   // files that had nothing to say
	files        map[string]*Source
	opened       int
	generated    int
	maxGenerated int // the constant, smaller in tests
	expanded     int
	check        includeCheck
	rng          *rand.Rand
	here         Position // the line being worked on, for diagnostics
	stopped      bool
	substitute   int
}

func newReader(opt Options) *reader {
	if opt.ConfigID == "" {
		host, _ := os.Hostname()
		opt.ConfigID, _, _ = strings.Cut(host, ".")
	}
	if opt.Getenv == nil {
		opt.Getenv = os.LookupEnv
	}
	if opt.Seed == nil {
		opt.Seed = rand.Uint64
	}
	r := &reader{opt: opt, defs: standardDefinitions(), files: make(map[string]*Source), maxGenerated: maxGenerated, room: maxBytes}
	if opt.RequireIncludes {
		r.check = checkAll
	}
	return r
}

// ReadFile reads the main configuration file, or several when pattern has wildcards or braces, and all that they
// include. The error wraps ErrNoMainFile and is the only one: everything else is a Diagnostic.
func ReadFile(pattern string, opt Options) (*Text, []Diagnostic, error) {
	r := newReader(opt)
	if !r.include(pattern, checkRead|checkMatch|checkWildcard, true) {
		return nil, r.diags.list, fmt.Errorf("reading %s: %w", pattern, ErrNoMainFile)
	}
	r.run()
	return &r.text, r.diags.list, nil
}

// ReadString reads text as if it stood in a file called name. Includes are relative to the working directory.
func ReadString(name, text string, opt Options) (*Text, []Diagnostic) {
	return newReader(opt).readString(name, text)
}

func (r *reader) readString(name, text string) (*Text, []Diagnostic) {
	src := &Source{Name: name, Text: text}
	r.text.Sources = append(r.text.Sources, src)
	r.push(&file{src: src, dir: ""})
	r.run()
	return &r.text, r.diags.list
}

func (r *reader) push(f feed) {
	if f, ok := f.(*file); ok {
		r.openFiles = append(r.openFiles, f)
	}
	if len(r.feeds) >= maxFeeds {
		r.stop("expansions are nested more than %d deep", maxFeeds)
		return
	}
	r.feeds = append(r.feeds, f)
}

// run works until no line is left.
func (r *reader) run() {
	for len(r.feeds) > 0 && !r.stopped {
		l, ok := r.feeds[len(r.feeds)-1].next(r)
		if !ok {
			// A feed may have stopped the reader, but never pushes.
			r.feeds = r.feeds[:len(r.feeds)-1]
			continue
		}
		r.here = l.pos(0)
		r.process(l)
	}
}

// process takes one line, without comment and outer blanks.
func (r *reader) process(l line) {
	if r.open != nil {
		r.continueDefinition(l)
		return
	}
	r.substitute = 0
	for {
		if l.text == "" {
			return
		}
		var ok bool
		if l.text[0] == '@' {
			if l, ok = r.condition(l); !ok {
				return
			}
		}
		if l.text[0] == '$' && r.define(l) {
			return
		}
		if l.text[0] == '~' {
			if strings.HasPrefix(l.text, "~SEQ") || strings.HasPrefix(l.text, "~LST") {
				r.repeat(l)
				return
			}
			break
		}
		if strings.IndexByte(l.text, '$') < 0 {
			break
		}
		expanded, changed := r.expand(l)
		if !changed {
			break
		}
		l = r.decomment(expanded)
		if l.text == "" || l.text[0] != '@' && strings.IndexByte(l.text, '$') < 0 {
			break
		}
	}
	if l.text != "" && !r.includeLine(l) {
		r.emit(l)
	}
}

// condition judges a line that begins with @id or @^id, and gives the rest of it when it is wanted.
func (r *reader) condition(l line) (line, bool) {
	start, negated := 1, false
	if strings.HasPrefix(l.text, "@^") {
		start, negated = 2, true
	}
	n := strings.IndexAny(l.text[start:], " \t")
	if n < 0 {
		return l, false
	}
	if (l.text[start:start+n] == r.opt.ConfigID) == negated {
		return l, false
	}
	l = l.slice(start+n, len(l.text)).trimLeft()
	return l, l.text != ""
}

// emit adds a line to the text. What stands behind a brace is worked on as a line of its own where it could be
// conditional, an include, a definition or a repetition.
func (r *reader) emit(l line) {
	n := pieceEnd(l.text)
	if n < len(l.text)-1 {
		if rest := l.slice(n, len(l.text)).trimLeft(); needsWork(rest.text) {
			r.keep(l.slice(0, n))
			r.process(rest)
			return
		}
	}
	r.keep(l)
}

func (r *reader) keep(l line) {
	if len(r.text.lines) >= maxLines {
		r.stop("the configuration has more than %d lines", maxLines)
		return
	}
	t := textLine{text: l.text, src: l.src, no: l.no, col: l.col}
	if l.cols != nil {
		t.spans = spansOf(l.cols)
		if r.expanded += len(l.text); r.expanded > maxExpanded {
			r.stop("substitutions make more than %d bytes of text", maxExpanded)
			return
		}
	}
	if c := l.text[0]; c == 'i' || c == 'r' || c == '{' || strings.IndexByte(l.text, '{') >= 0 {
		r.readingKeyword(l)
	}
	r.text.lines = append(r.text.lines, t)
}

// needsWork tells whether a rest of a line, cut at a brace, could be anything else than plain pieces.
func needsWork(s string) bool {
	for s != "" {
		if s[0] == '@' || s[0] == '$' || s[0] == '~' || strings.HasPrefix(s, "include") {
			return true
		}
		n := pieceEnd(s)
		s = s[skipBlanks(s, n):]
	}
	return false
}

// pieceEnd is the length of the first piece of a line: a brace alone, or the text up to a brace outside quotes.
func pieceEnd(s string) int {
	if s == "" {
		return 0
	}
	if s[0] == '{' || s[0] == '}' {
		return 1
	}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{', '}':
			return i
		case '"':
			n := strings.IndexByte(s[i+1:], '"')
			if n < 0 {
				return len(s)
			}
			i += n + 1
		}
	}
	return len(s)
}

func (r *reader) report(pos Position, sev Severity, status Status, structural bool, message string) {
	r.diags.add(Diagnostic{Pos: pos, Severity: sev, Status: status, Structural: structural, Message: message})
}

// warn reports a fault of syntax or value that the reading survives.
func (r *reader) warn(pos Position, format string, args ...any) {
	r.report(pos, Warning, StatusConfig, false, fmt.Sprintf(format, args...))
}

// stop ends the reading for good.
func (r *reader) stop(format string, args ...any) {
	if !r.stopped {
		r.report(r.here, Error, StatusConfig, true, fmt.Sprintf(format, args...))
	}
	r.stopped = true
}

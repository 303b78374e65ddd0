package parser

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// includeCheck is the set of faults of an include that matter.
type includeCheck uint8

const (
	checkRead     includeCheck = 1 << iota // a file cannot be read
	checkMatch                             // nothing is there
	checkWildcard                          // a pattern matches nothing
	checkBrace                             // one of the alternatives in braces is not there
	checkAll      = checkRead | checkMatch | checkWildcard | checkBrace
)

// includeVariants is what each letter after "include" asks for.
var includeVariants = map[byte]includeCheck{
	'r': checkRead,
	'm': checkRead | checkMatch,
	'w': checkRead | checkMatch | checkWildcard,
	'b': checkRead | checkBrace,
	'a': checkAll,
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// includeLine opens the files of an include line, and tells whether it was one.
func (r *reader) includeLine(l line) bool {
	rest, ok := strings.CutPrefix(l.text, "include")
	if !ok || len(rest) < 2 {
		return false
	}
	var check includeCheck
	if !isSpace(rest[0]) {
		if check, ok = includeVariants[rest[0]]; !ok || !isSpace(rest[1]) {
			return false
		}
		rest = rest[1:]
	}
	rest = strings.TrimLeft(rest[1:], " \t")
	r.here = l.pos(len(l.text) - len(rest))
	r.include(rest, check, false)
	return true
}

// missing reports a file that is not there or cannot be read. It is a fault only where kind is asked for.
func (r *reader) missing(check, kind includeCheck, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if (check|r.check)&kind != 0 {
		r.report(r.here, Warning, StatusSecurity, true, message)
		return
	}
	r.report(r.here, Warning, StatusOK, true, message)
}

// include stacks the files that pattern matches, and tells whether there is one.
func (r *reader) include(pattern string, check includeCheck, main bool) bool {
	dir := ""
	if n := len(r.openFiles); n > 0 {
		dir = r.openFiles[n-1].dir
	}
	found := globFiles(dir, pattern)
	if !r.judgeMatches(found, pattern, check) {
		return false
	}
	var files []*file
	for _, name := range found.names {
		if f := r.openFile(dir, name, check); f != nil {
			files = append(files, f)
		}
	}
	// The newest feed is read first.
	for i := len(files) - 1; i >= 0; i-- {
		r.feeds = append(r.feeds, &opening{file: files[i]})
	}
	return len(files) > 0
}

// judgeMatches reports what is missing, and tells whether what was found is to be read.
func (r *reader) judgeMatches(found matches, pattern string, check includeCheck) bool {
	switch {
	case len(found.names) > 0 && found.missing == 0:
		return true
	case len(found.names) > 0:
		r.missing(check, checkBrace, "Some config files missing: \"%s\".", pattern)
		return (check|r.check)&checkBrace == 0
	case found.missing > 0 && hasBrace(pattern):
		r.missing(check, checkBrace, "Config files missing '%s'.", pattern)
	case found.missing > 0:
		r.missing(check, checkMatch, "Config files missing '%s'.", pattern)
	case (check|r.check)&checkWildcard != 0:
		r.missing(check, checkWildcard, "No config files matched '%s'.", pattern)
	}
	return false
}

// hasBrace tells whether a pattern has alternatives.
func hasBrace(pattern string) bool {
	for i := 0; i < len(pattern); i++ {
		if pattern[i] == '\\' {
			i++
		} else if pattern[i] == '{' {
			return true
		}
	}
	return false
}

// openFile reads one file.
func (r *reader) openFile(dir, name string, check includeCheck) *file {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if strings.HasSuffix(name, "/") {
		r.missing(check, checkRead, "Configuration file '%s' is a directory - skipping", name)
		return nil
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o111 != 0 {
		r.missing(check, checkRead, "Configuration file '%s' is not a regular non-executable file - skipping", name)
		return nil
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		real = path
	}
	if r.isOpen(real) {
		r.report(r.here, Warning, StatusConfig, true, fmt.Sprintf("configuration file '%s' includes itself - skipping", name))
		return nil
	}
	if len(r.openFiles) >= maxIncludeDepth {
		r.report(r.here, Warning, StatusConfig, true, fmt.Sprintf("configuration file '%s': includes are nested more than %d deep - skipping", name, maxIncludeDepth))
		return nil
	}
	if r.opened++; r.opened > maxOpened {
		r.stop("more than %d files are included", maxOpened)
		return nil
	}
	src := r.files[real]
	if src == nil {
		text, err := r.load(path)
		if err != nil {
			r.missing(check, checkRead, "Configuration file '%s' open problem (%v) - skipping", name, err)
			return nil
		}
		src = &Source{Name: name, Text: string(text)}
		r.files[real] = src
		r.text.Sources = append(r.text.Sources, src)
	}
	if strings.Contains(name, "/") {
		dir = filepath.Dir(path)
	}
	return &file{src: src, dir: dir, real: real}
}

// load reads a file whole, in bounded time and memory: what claims to be a regular file may be one of /proc that waits
// for something to say, or larger than all memory.
func (r *reader) load(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	_ = f.SetReadDeadline(time.Now().Add(readPatience)) // files that have none do not wait
	var text strings.Builder
	n, err := io.Copy(&text, io.LimitReader(f, r.room+1))
	r.room -= n
	if errors.Is(err, os.ErrDeadlineExceeded) {
		if r.waits++; r.waits > maxWaits {
			r.stop("more than %d files have nothing to say", maxWaits)
		}
	}
	switch {
	case err != nil:
		return "", err
	case r.room < 0:
		r.stop("more than %d bytes are read", maxBytes)
		return "", errors.New("too large")
	}
	return text.String(), nil
}

// isOpen tells whether a file is being read already. Upstream would read it again until it runs out of files.
func (r *reader) isOpen(real string) bool {
	return slices.ContainsFunc(r.openFiles, func(f *file) bool { return f.real == real })
}

// opening begins a file when its turn comes.
type opening struct {
	file  *file
	begun bool
}

func (o *opening) next(r *reader) (line, bool) {
	if !o.begun {
		o.begun = true
		o.file.saved = r.check
		r.openFiles = append(r.openFiles, o.file)
	}
	return o.file.next(r)
}

// readingKeyword acts on the two keywords that change the reading: include_check and random_seed.
func (r *reader) readingKeyword(l line) {
	if !strings.Contains(l.text, "include_check") && !strings.Contains(l.text, "random_seed") {
		return
	}
	for l.text != "" {
		n := pieceEnd(l.text)
		r.readingPiece(l.slice(0, n))
		l = l.slice(n, len(l.text)).trimLeft()
	}
}

func (r *reader) readingPiece(l line) {
	words := splitText(l.text)
	if len(words) == 0 {
		return
	}
	switch words[0].text {
	case "include_check":
		r.setIncludeCheck(l, words[1:])
	case "random_seed":
		if len(words) > 1 {
			var n uint64
			if _, err := fmt.Sscan(words[1].text, &n); err == nil {
				r.seed(n)
			}
		}
	}
}

// setIncludeCheck takes the words of include_check: "+kind" adds, "-kind" removes, a plain kind replaces.
func (r *reader) setIncludeCheck(l line, words []rawWord) {
	if len(words) == 0 {
		r.check = checkAll
		return
	}
	kinds := map[string]includeCheck{"read": checkRead, "match": checkMatch, "wildcard_match": checkWildcard, "brace_match": checkBrace}
	for i, w := range words {
		name, sign := w.text, byte(0)
		if name != "" && (name[0] == '+' || name[0] == '-') {
			name, sign = name[1:], name[0]
		}
		if sign == 0 && i > 0 {
			r.warn(l.pos(w.off), "Duplicate include_check '%s' specified - ignoring", w.text)
			continue
		}
		kind, ok := kinds[name]
		if sign == 0 {
			r.check = 0
		}
		switch {
		case !ok:
			r.warn(l.pos(w.off), "Unknown include_check type '%s' - ignoring", name)
		case sign == 0:
			r.check = checkRead | kind
		case sign == '+':
			r.check |= kind
		default:
			r.check &^= kind
		}
	}
}

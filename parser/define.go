package parser

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// definition is what $NAME stands for.
type definition struct {
	name string
	// lines is the value: one line, or several for a multi-line definition.
	lines []string
	multi bool
	// builtin computes the value; nil for a definition of the configuration's own.
	builtin              func(r *reader, params []string) (string, error)
	minParams, maxParams int
	numeric              bool
}

func standardDefinitions() map[string]*definition {
	constant := func(s string) func(*reader, []string) (string, error) {
		return func(*reader, []string) (string, error) { return s, nil }
	}
	defs := make(map[string]*definition)
	for _, d := range []*definition{
		{name: "_PWD", builtin: (*reader).directory},
		{name: "_INSTANCE", builtin: func(r *reader, _ []string) (string, error) { return r.opt.ConfigID, nil }},
		{name: "_RANDOM", builtin: (*reader).random, maxParams: 2, numeric: true},
		{name: "_ENV", builtin: (*reader).environment, minParams: 1, maxParams: 1},
		{name: "_HASH", builtin: constant("#")},
		{name: "_BANG", builtin: constant("!")},
	} {
		defs[d.name] = d
	}
	return defs
}

// directory is ${_PWD}: the directory of the file that is being read.
func (r *reader) directory([]string) (string, error) {
	dir := "."
	if n := len(r.openFiles); n > 0 && r.openFiles[n-1].dir != "" {
		dir = r.openFiles[n-1].dir
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding the working directory: %w", err)
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	return abs, nil
}

func (r *reader) environment(params []string) (string, error) {
	value, _ := r.opt.Getenv(params[0])
	if strings.ContainsAny(value, "\n\x00") {
		return "", fmt.Errorf("environment variable %s has more than one line", params[0])
	}
	return value, nil
}

// random is ${_RANDOM}, ${_RANDOM MIN} and ${_RANDOM MIN MAX}, both inclusive.
func (r *reader) random(params []string) (string, error) {
	bounds := [2]uint64{0, 32767}
	for i, p := range params {
		n, err := strconv.ParseUint(p, 10, 63)
		if err != nil {
			return "", fmt.Errorf("reading a bound of ${_RANDOM}: %w", err)
		}
		bounds[i] = n
	}
	low, high := bounds[0], bounds[1]
	if low > high {
		r.warn(r.here, "${_RANDOM}: min %d exceeds max %d, using %d", low, high, low)
		high = low
	}
	if r.rng == nil {
		r.seed(r.opt.Seed())
	}
	return strconv.FormatUint(low+r.rng.Uint64N(high-low+1), 10), nil
}

func (r *reader) seed(n uint64) { r.rng = rand.New(rand.NewPCG(n, n)) }

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isNameStart(c byte) bool {
	return c == '_' || isAlpha(c)
}
func isNameByte(c byte) bool { return isNameStart(c) || c >= '0' && c <= '9' }

// nameEnd is the offset just after the name that begins at i; i itself when none does.
func nameEnd(s string, i int) int {
	if i >= len(s) || !isNameStart(s[i]) {
		return i
	}
	for i < len(s) && isNameByte(s[i]) {
		i++
	}
	return i
}

// define takes a line of the form $NAME=value, and tells whether it was one.
func (r *reader) define(l line) bool {
	end := nameEnd(l.text, 1)
	if end == 1 || end >= len(l.text) || l.text[end] != '=' {
		return false
	}
	d := &definition{name: l.text[1:end]}
	r.defs[d.name] = d
	value := l.text[skipBlanks(l.text, end+1):]
	if !strings.HasSuffix(value, `\`) {
		d.lines = []string{value}
		return true
	}
	d.multi, r.open = true, d
	d.add(strings.TrimRight(strings.TrimSuffix(value, `\`), " \t"))
	return true
}

// set gives a variable of ~SEQ or ~LST its value.
func (r *reader) set(name, value string) {
	r.defs[name] = &definition{name: name, lines: []string{value}}
}

func (d *definition) add(s string) {
	if s != "" {
		d.lines = append(d.lines, s)
	}
}

// continueDefinition adds a line to the multi-line definition that is being read.
func (r *reader) continueDefinition(l line) {
	body, more := strings.CutSuffix(l.text, `\`)
	r.open.add(strings.TrimRight(body, " \t"))
	if !more {
		r.closeDefinition()
	}
}

// closeDefinition ends a multi-line definition: at its last line or at an empty one.
func (r *reader) closeDefinition() {
	if r.open == nil {
		return
	}
	if len(r.open.lines) == 0 {
		r.open.lines, r.open.multi = []string{""}, false
	}
	r.open = nil
}

// reference is a use of a definition: the bytes [start:end] of a line.
type reference struct {
	def    *definition
	params []string
	end    int
}

// find looks at the "$" at offset i, and gives the definition that is used there, or false when the text is to stay.
func (r *reader) find(s string, i int) (reference, bool) {
	braces := i+1 < len(s) && s[i+1] == '{'
	start := i + 1
	if braces {
		start++
	}
	end := nameEnd(s, start)
	if end == start {
		return reference{}, false
	}
	ref := reference{end: end}
	name := s[start:end]
	if braces {
		n := strings.IndexByte(s[end:], '}')
		if n < 0 {
			return reference{}, false
		}
		list := s[end : end+n]
		ref.params = strings.FieldsFunc(list, func(c rune) bool { return c == ' ' || c == '\t' })
		ref.end = end + n + 1
		if !validParams(list) {
			return reference{}, false
		}
	} else if end < len(s) && !strings.ContainsRune(" \t,)", rune(s[end])) {
		return reference{}, false
	}
	ref.def = r.defs[name]
	if ref.def == nil || ref.def.multi && ref.end != len(s) {
		return reference{}, false
	}
	return ref, r.checkParams(ref)
}

// validParams tells whether what follows the name in ${NAME ...} is a list of plain words.
func validParams(s string) bool {
	if s == "" {
		return true
	}
	if !isBlank(s[0]) || isBlank(s[len(s)-1]) {
		return false
	}
	for i := range len(s) {
		if !isBlank(s[i]) && !isNameByte(s[i]) {
			return false
		}
	}
	return true
}

func (r *reader) checkParams(ref reference) bool {
	d, n := ref.def, len(ref.params)
	if d.builtin == nil || d.maxParams == 0 {
		return n == 0
	}
	if n < d.minParams || n > d.maxParams {
		r.warn(r.here, "Definition %s requires between %d and %d parameters, %d specified.", d.name, d.minParams, d.maxParams, n)
		return false
	}
	if d.numeric && strings.Trim(strings.Join(ref.params, ""), "0123456789") != "" {
		r.warn(r.here, "Definition %s requires numeric parameters only.", d.name)
		return false
	}
	return true
}

// active is a definition whose value is being looked at again: it ends tail bytes before the end of the line.
type active struct {
	def  *definition
	tail int
}

// expand replaces the references of a line. The value of a definition is looked at again, so that definitions may
// use each other whatever their order. It tells whether anything was replaced.
func (r *reader) expand(l line) (line, bool) {
	var stack []active
	text, cols, changed := l.text, l.columns(), false
	for i := 0; ; {
		n := strings.IndexByte(text[i:], '$')
		if n < 0 || i+n+1 >= len(text) {
			break
		}
		i += n
		ref, ok := r.find(text, i)
		if !ok {
			i++
			continue
		}
		for len(stack) > 0 && stack[len(stack)-1].tail > len(text)-i-1 {
			stack = stack[:len(stack)-1]
		}
		if r.endless(l.pos(0), stack, ref.def) {
			return line{}, true
		}
		value, err := r.value(ref)
		if err != nil {
			r.warn(Position{l.src, l.no, cols[i]}, "%v", err)
		}
		if len(text)-(ref.end-i)+len(value) > maxLine {
			r.warn(l.pos(0), "substitution of $%s would exceed the maximum line length - ignoring line", ref.def.name)
			return line{}, true
		}
		if ref.def.multi {
			r.push(&multiline{def: ref.def, at: l, col: cols[i], lines: ref.def.lines[1:]})
		}
		changed = true
		stack = append(stack, active{ref.def, len(text) - ref.end})
		text, cols = replace(text, cols, i, ref.end, value)
		if strings.HasPrefix(strings.TrimLeft(value, " \t"), "~") {
			break
		}
	}
	l.text, l.cols = text, cols
	return l, changed
}

// value is the text that a reference is replaced with; of a multi-line definition the first line.
func (r *reader) value(ref reference) (string, error) {
	if ref.def.builtin != nil {
		return ref.def.builtin(r, ref.params)
	}
	return ref.def.lines[0], nil
}

// endless reports a substitution that would not come to an end.
func (r *reader) endless(pos Position, stack []active, d *definition) bool {
	r.substitute++
	again := slices.ContainsFunc(stack, func(a active) bool { return a.def == d })
	// The body of a multi-line definition stays in its feed until the line after it is asked for.
	again = again || slices.ContainsFunc(r.feeds, func(f feed) bool {
		m, ok := f.(*multiline)
		return ok && m.def == d
	})
	if again {
		r.report(pos, Error, StatusConfig, true, fmt.Sprintf("definition $%s refers to itself - ignoring line", d.name))
		return true
	}
	if r.substitute > maxSubstitutions {
		r.report(pos, Error, StatusConfig, true, fmt.Sprintf("more than %d substitutions in one line - ignoring line", maxSubstitutions))
		return true
	}
	return false
}

// replace puts value in place of the bytes [i:j]. All of its bytes have the column of the reference.
func replace(text string, cols []int32, i, j int, value string) (string, []int32) {
	out := make([]int32, 0, len(cols)-(j-i)+len(value))
	out = append(out, cols[:i]...)
	for range len(value) {
		out = append(out, cols[i])
	}
	out = append(out, cols[j:]...)
	return text[:i] + value + text[j:], out
}

// multiline gives the second and further lines of a multi-line definition, all at the place of its reference.
type multiline struct {
	def   *definition
	at    line
	col   int32
	lines []string
}

func (f *multiline) next(r *reader) (line, bool) {
	if len(f.lines) == 0 || !r.countGenerated() {
		return line{}, false
	}
	text := f.lines[0]
	f.lines = f.lines[1:]
	cols := make([]int32, len(text))
	for i := range cols {
		cols[i] = f.col
	}
	return line{text: text, src: f.at.src, no: f.at.no, col: f.col, cols: cols}, true
}

// countGenerated bounds the lines that expansions make.
func (r *reader) countGenerated() bool {
	r.generated++
	if r.generated > r.maxGenerated {
		r.stop("definitions and repetitions make more than %d lines", r.maxGenerated)
	}
	return !r.stopped
}

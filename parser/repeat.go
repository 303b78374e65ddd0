package parser

import (
	"errors"
	"strconv"
	"strings"
)

// sequence gives the rest of a ~SEQ line once for each value of a variable.
type sequence struct {
	name          string
	at, step, end int64
	hex, done     bool
	line          line
}

func (f *sequence) next(r *reader) (line, bool) {
	if f.done || !r.countGenerated() {
		return line{}, false
	}
	base := 10
	if f.hex {
		base = 16
	}
	r.set(f.name, strconv.FormatInt(f.at, base))
	after := f.at + f.step
	overflow := (f.step > 0) != (after > f.at)
	f.done = overflow || f.step > 0 && after > f.end || f.step < 0 && after < f.end
	f.at = after
	return f.line, true
}

// list gives the rest of a ~LST line once for each set of values.
type list struct {
	names  []string
	values [][]string
	line   line
}

func (f *list) next(r *reader) (line, bool) {
	if len(f.values) == 0 || !r.countGenerated() {
		return line{}, false
	}
	for i, name := range f.names {
		value := ""
		if i < len(f.values[0]) {
			value = f.values[0][i]
		}
		r.set(name, value)
	}
	f.values = f.values[1:]
	return f.line, true
}

// repeat takes a line that begins with ~SEQ or ~LST.
func (r *reader) repeat(l line) {
	var f feed
	var rest int
	var err error
	kind := l.text[:4]
	if kind == "~SEQ" {
		f, rest, err = r.parseSequence(l)
	} else {
		f, rest, err = parseList(l)
	}
	if err != nil {
		r.warn(l.pos(0), "Invalid %s specification '%s' (%v)", kind, l.text, err)
		return
	}
	if body := l.slice(rest, len(l.text)).trimLeft(); body.text != "" {
		r.push(f)
	}
}

var (
	errForm   = errors.New("expected a variable and values in parentheses")
	errValues = errors.New("the step does not lead from start to end")
	errHex    = errors.New("~SEQx is only valid for positive numbers")
	errNumber = errors.New("expected a number")
	errMany   = errors.New("too many values")
)

// parseSequence reads ~SEQ(NAME,[start,[step,]]end) and gives the offset of what follows.
func (r *reader) parseSequence(l line) (feed, int, error) {
	s := l.text
	i := len("~SEQ")
	f := &sequence{}
	if i < len(s) && s[i] == 'x' {
		f.hex = true
		i++
	}
	i = skipBlanks(s, i)
	if i >= len(s) || s[i] != '(' {
		return nil, 0, errForm
	}
	i = skipBlanks(s, i+1)
	n := strings.IndexAny(s[i:], " \t,)")
	if n <= 0 || s[i] == '{' {
		return nil, 0, errForm
	}
	f.name = s[i : i+n]
	i = skipBlanks(s, i+n)
	if i >= len(s) || s[i] != ',' {
		return nil, 0, errForm
	}
	end := strings.IndexByte(s[i:], ')')
	if end < 0 {
		return nil, 0, errForm
	}
	end += i
	numbers, _ := r.expand(l.slice(i+1, end))
	if err := f.setRange(numbers.text); err != nil {
		return nil, 0, err
	}
	f.line = l.slice(end+1, len(s)).trimLeft()
	return f, end + 1, nil
}

// setRange takes end, start and end, or start, step and end.
func (f *sequence) setRange(s string) error {
	var nums []int64
	for _, field := range strings.Split(s, ",") {
		field = strings.Trim(field, " \t")
		if field == "" {
			field = "0"
		}
		n, err := strconv.ParseInt(field, 0, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return errNumber
		}
		nums = append(nums, n)
	}
	switch len(nums) {
	case 1:
		f.at, f.step, f.end = 1, 1, nums[0]
		if f.end < 1 {
			f.step = -1
		}
		if f.end < 0 {
			f.at = -1
		}
	case 2:
		f.at, f.step, f.end = nums[0], 1, nums[1]
		if f.at > f.end {
			f.step = -1
		}
	case 3:
		f.at, f.step, f.end = nums[0], nums[1], nums[2]
	default:
		return errForm
	}
	if f.step == 0 || f.at < f.end && f.step < 0 || f.at > f.end && f.step > 0 {
		return errValues
	}
	if f.hex && (f.at < 0 || f.end < 0) {
		return errHex
	}
	return nil
}

// parseList reads ~LST(NAME,value,...) or ~LST({NAME,...},{value,...},...) and gives the offset of what follows.
func parseList(l line) (feed, int, error) {
	s := l.text
	i := skipBlanks(s, len("~LST"))
	if i >= len(s) || s[i] != '(' {
		return nil, 0, errForm
	}
	f := &list{}
	var ok bool
	if f.names, i, ok = parseSet(s, skipBlanks(s, i+1)); !ok || i >= len(s) || s[i] != ',' {
		return nil, 0, errForm
	}
	for {
		var values []string
		if values, i, ok = parseSet(s, skipBlanks(s, i+1)); !ok || i >= len(s) {
			return nil, 0, errForm
		}
		if len(values) > len(f.names) {
			return nil, 0, errMany
		}
		f.values = append(f.values, values)
		if s[i] == ')' {
			break
		}
		if s[i] != ',' {
			return nil, 0, errForm
		}
	}
	f.line = l.slice(i+1, len(s)).trimLeft()
	return f, i + 1, nil
}

// parseSet reads one value or several in braces. It gives the offset of what follows after blanks.
func parseSet(s string, i int) ([]string, int, bool) {
	braces := i < len(s) && s[i] == '{'
	if braces {
		i = skipBlanks(s, i+1)
	}
	var out []string
	for {
		n := strings.IndexAny(s[i:], " \t,})")
		if n < 0 {
			return nil, 0, false
		}
		out = append(out, s[i:i+n])
		i = skipBlanks(s, i+n)
		if !braces {
			return out, i, true
		}
		if i >= len(s) || s[i] != ',' && s[i] != '}' {
			return nil, 0, false
		}
		i = skipBlanks(s, i+1)
		if s[i-1] == '}' || strings.HasSuffix(strings.TrimRight(s[:i], " \t"), "}") {
			return out, i, true
		}
	}
}

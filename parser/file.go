package parser

import (
	"slices"
	"strings"
)

// file is a configuration file that is being read.
type file struct {
	src   *Source
	rest  string
	no    int32
	begun bool
	dir   string       // directory that includes in it are relative to; "" is the working directory
	saved includeCheck // include_check as it was when the include was opened
	real  string
}

const byteOrderMark = "\xef\xbb\xbf"

// next gives the next line that is not empty, without line end, comment and outer blanks.
func (f *file) next(r *reader) (line, bool) {
	if !f.begun {
		f.begun, f.rest = true, f.src.Text
		r.text.lines = slices.Grow(r.text.lines, min(strings.Count(f.rest, "\n"), maxLines)+1)
		if strings.HasPrefix(f.rest, byteOrderMark) {
			f.rest = f.rest[len(byteOrderMark):]
			r.warn(Position{f.src, 1, 1}, "byte order mark at the start of the file - ignoring")
		}
	}
	for f.rest != "" {
		text, rest, _ := strings.Cut(f.rest, "\n")
		ended := len(text) < len(f.rest)
		f.rest = rest
		f.no++
		if l := r.sourceLine(f, text, ended); l.text != "" {
			return l, true
		}
	}
	r.openFiles = r.openFiles[:len(r.openFiles)-1]
	r.check = f.saved
	return line{}, false
}

// sourceLine looks at one line as it stands in a file. The empty line is what there is nothing to do for.
func (r *reader) sourceLine(f *file, text string, ended bool) line {
	l := line{text: text, src: f.src, no: f.no, col: 1}
	limit := maxLine
	if ended {
		limit--
	}
	switch {
	case strings.IndexByte(text, 0) >= 0:
		at := strings.IndexByte(text, 0)
		r.report(l.pos(at), Warning, StatusConfig, true, "configuration appears to have embedded NULs - ignoring line")
		return line{}
	case len(text) > limit:
		r.warn(l.pos(limit), "line too long - ignoring")
		return line{}
	}
	text = strings.TrimRight(text, "\r")
	if text == "" {
		r.closeDefinition()
		return line{}
	}
	l.text = text
	return r.decomment(l)
}

package parser

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxAlternatives bounds what braces in a pattern may multiply to.
const maxAlternatives = 4096

// matches is the outcome of a file pattern.
type matches struct {
	names   []string // as matched, directories with a final slash
	missing int      // names without wildcard, and directories, that do not exist
}

// globFiles finds what pattern, relative to dir, matches: per alternative of its braces in alphabetical order.
func globFiles(dir, pattern string) matches {
	var m matches
	for _, alternative := range expandBraces(pattern, nil) {
		m.alternative(dir, alternative)
	}
	return m
}

// expandBraces appends the alternatives of a pattern: a{b,c}d gives abd and acd.
func expandBraces(pattern string, out []string) []string {
	open, depth, start := -1, 0, 0
	var parts []string
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\':
			i++
		case c == '{':
			if depth == 0 {
				open, start = i, i+1
			}
			depth++
		case c == ',' && depth == 1:
			parts = append(parts, pattern[start:i])
			start = i + 1
		case c == '}' && depth == 1:
			parts = append(parts, pattern[start:i])
			for _, p := range parts {
				if len(out) >= maxAlternatives {
					return out
				}
				out = expandBraces(pattern[:open]+p+pattern[i+1:], out)
			}
			return out
		case c == '}' && depth > 1:
			depth--
		}
	}
	return append(out, pattern)
}

func hasWildcard(s string) bool { return strings.ContainsAny(s, `*?[`) }

// alternative adds the matches of a pattern without braces.
func (m *matches) alternative(dir, pattern string) {
	root := ""
	if strings.HasPrefix(pattern, "/") {
		root, dir = "/", "/"
	}
	found := []string{root}
	parts := strings.FieldsFunc(pattern, func(c rune) bool { return c == '/' })
	if len(parts) == 0 {
		m.missing++
		return
	}
	// Names without wildcard are only looked at when the pattern is complete, as one path.
	for i := 0; i < len(parts); {
		if hasWildcard(parts[i]) {
			found = m.readDirs(dir, found, parts[i], i < len(parts)-1)
			i++
			continue
		}
		j := i
		for j < len(parts) && !hasWildcard(parts[j]) {
			j++
		}
		found = m.plain(dir, found, parts[i:j], j == len(parts))
		i = j
	}
	for _, name := range found {
		if info, err := os.Stat(absolute(dir, name)); err == nil && info.IsDir() {
			name += "/"
		}
		m.names = append(m.names, name)
	}
}

func absolute(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	if name == "" {
		name = "."
	}
	return filepath.Join(dir, name)
}

// plain appends names without wildcard. The last ones have to exist.
func (m *matches) plain(dir string, found, parts []string, last bool) []string {
	var out []string
	for _, base := range found {
		name := path.Join(append([]string{base}, unescape(parts)...)...)
		if last {
			if _, err := os.Lstat(absolute(dir, name)); err != nil {
				m.missing++
				continue
			}
		}
		out = append(out, name)
	}
	return out
}

// unescape takes the backslashes off.
func unescape(parts []string) []string {
	out := slices.Clone(parts)
	for i, p := range out {
		if !strings.Contains(p, `\`) {
			continue
		}
		var b strings.Builder
		for k := 0; k < len(p); k++ {
			if p[k] == '\\' && k+1 < len(p) {
				k++
			}
			b.WriteByte(p[k])
		}
		out[i] = b.String()
	}
	return out
}

// readDirs matches one part with wildcards in each of the directories.
func (m *matches) readDirs(dir string, found []string, part string, dirsOnly bool) []string {
	var out []string
	part = strings.ReplaceAll(part, "[!", "[^")
	for _, base := range found {
		entries, err := os.ReadDir(absolute(dir, base))
		if err != nil {
			m.missing++
			continue
		}
		for _, e := range entries {
			name := e.Name()
			if ok, err := path.Match(part, name); err != nil || !ok || name[0] == '.' && part[0] != '.' {
				continue
			}
			name = path.Join(base, name)
			if dirsOnly {
				if info, err := os.Stat(absolute(dir, name)); err != nil || !info.IsDir() {
					continue
				}
			}
			out = append(out, name)
		}
	}
	return out
}

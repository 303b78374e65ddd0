package config

import (
	"strings"

	"keepalived-go/parser"
)

// scriptWords splits the raw text of a line as upstream does for scripts: single and double quotes group, backslash
// escapes are decoded inside and outside of them. fault says what is wrong with the text.
func scriptWords(s string) (words []string, fault string) {
	for {
		s = strings.TrimLeft(s, blanks)
		if s == "" {
			return words, ""
		}
		var word string
		word, s, fault = scriptWord(s)
		if fault != "" {
			return nil, fault
		}
		words = append(words, word)
	}
}

// blanks separate words.
const blanks = " \t\f\r\v\n"

// scriptWord takes one word off a text.
func scriptWord(s string) (word, rest, fault string) {
	var b strings.Builder
	quote := byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\':
			if i+1 >= len(s) {
				return "", "", "a backslash at the end escapes nothing"
			}
			ch, n := escape(s[i+1:])
			b.WriteByte(ch)
			i += n
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && strings.IndexByte(blanks, c) >= 0:
			return b.String(), s[i:], ""
		default:
			b.WriteByte(c)
		}
	}
	if quote != 0 {
		return "", "", "the closing " + string(quote) + " is missing"
	}
	return b.String(), "", ""
}

// letters are the escapes that stand for one control character.
var letters = map[byte]byte{'a': '\a', 'b': '\b', 'E': 0x1b, 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// escape decodes what follows a backslash and tells how many bytes that is: \xHH, \cC, \ooo, a letter, or the byte itself.
func escape(s string) (c byte, n int) {
	switch {
	case s[0] == 'x' && len(s) > 1 && hexDigit(s[1]) >= 0:
		for n = 1; n < len(s) && hexDigit(s[n]) >= 0; n++ {
			c = c<<4 | byte(hexDigit(s[n]))
		}
		return c, n
	case s[0] == 'c' && len(s) > 1:
		return s[1] & 0x1f, 2
	case s[0] >= '0' && s[0] <= '7':
		for n = 0; n < len(s) && n < 3 && s[n] >= '0' && s[n] <= '7'; n++ {
			c = c<<3 + s[n] - '0'
		}
		return c, n
	}
	if ch, ok := letters[s[0]]; ok {
		return ch, 1
	}
	return s[0], 1
}

func hexDigit(c byte) int { return strings.IndexByte("0123456789abcdef", c|0x20) }

// script reads the command line and the user of a script keyword. ok is false when there is none to use.
func (d *decoder) script(l line) (Script, bool) {
	words, fault := scriptWords(l.st.Raw.Text)
	if fault != "" {
		d.warn(l.st.Pos(), "%s: %s", l.kw.Name, fault)
		return Script{}, false
	}
	if len(words) < 2 {
		d.need(l, 0)
		return Script{}, false
	}
	argv, fault := scriptWords(words[1])
	if fault != "" {
		d.warn(l.st.Pos(), "%s: %s", l.kw.Name, fault)
	}
	if len(argv) == 0 {
		d.note(l.st.Pos(), "%s: no script is given", l.kw.Name)
		return Script{}, false
	}
	s := Script{Argv: argv}
	if len(words) == 2 {
		return s, d.defaultScriptUser(l.st.Pos())
	}
	s.setUser(words[2:])
	if name, ok := d.account(s); !ok {
		d.note(l.st.Pos(), "%s: %s does not exist, the script is left out", l.kw.Name, name)
		return Script{}, false
	}
	return s, true
}

// setUser takes the words USER [[:]GROUP]. A colon asks for the supplementary groups of the user.
func (s *Script) setUser(words []string) {
	s.User, s.Group, s.Supplement = words[0], "", false
	if len(words) < 2 {
		return
	}
	s.Group, s.Supplement = words[1], strings.HasPrefix(words[1], ":")
	s.Group = strings.TrimPrefix(s.Group, ":")
}

// account looks the user and the group of a script up; what says which of them does not exist.
func (d *decoder) account(s Script) (what string, ok bool) {
	if d.env.User != nil {
		if _, ok := d.env.User(s.User); !ok {
			return "user " + s.User, false
		}
	}
	if s.Group != "" && d.env.Group != nil {
		if _, ok := d.env.Group(s.Group); !ok {
			return "group " + s.Group, false
		}
	}
	return "", true
}

// DefaultScriptUser is the user that scripts run as without script_user, where it exists.
const DefaultScriptUser = "keepalived_script"

// defaultScriptUser tells whether there is a user for scripts that name none. With script security it must not be
// that of the daemon by default.
func (d *decoder) defaultScriptUser(pos parser.Position) bool {
	if d.scriptUserFailed {
		return false
	}
	if d.scriptUserSet {
		return true
	}
	d.scriptUserSet = true
	if d.config.Global.ScriptSecurity && d.env.User != nil {
		if _, ok := d.env.User(DefaultScriptUser); !ok {
			d.scriptUserFailed = true
			d.warn(pos, "there is no user %s, and script_user is not given: with enable_script_security no script can run", DefaultScriptUser)
			return false
		}
	}
	return true
}

// scriptUser reads script_user.
func (d *decoder) scriptUser(l line) {
	if _, ok := l.arg(0); !ok {
		d.warn(l.st.Pos(), "script_user: a user is missing")
		return
	}
	var s Script
	s.setUser(texts(l.st.Args()))
	d.scriptUserSet = true
	if what, ok := d.account(s); !ok {
		d.scriptUserFailed = true
		d.warn(l.st.Pos(), "script_user: %s does not exist", what)
		return
	}
	d.config.Global.ScriptUser = s
}

// texts gives the words without their positions.
func texts(words []parser.Word) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w.Text
	}
	return out
}

// notifyScript reads a notify keyword into its place; the first one wins.
func (d *decoder) notifyScript(l line) {
	place := l.kw.Into(&d.scope).(*Script)
	if place.Set() {
		d.warn(l.st.Pos(), "(%s) %s was given before, this one is ignored", d.scope.inst.Name, l.kw.Name)
		return
	}
	if s, ok := d.script(l); ok {
		*place = s
		d.checkScript(l.st.Pos(), s)
	}
}

// groupScript is notifyScript for sync groups.
func (d *decoder) groupScript(l line) {
	place := l.kw.Into(&d.scope).(*Script)
	if place.Set() {
		d.warn(l.st.Pos(), "sync group %s: %s was given before, this one is ignored", d.scope.group.Name, l.kw.Name)
		return
	}
	if s, ok := d.script(l); ok {
		*place = s
		d.checkScript(l.st.Pos(), s)
	}
}

// globalScript reads the scripts of global_defs.
func (d *decoder) globalScript(l line) {
	place := l.kw.Into(&d.scope).(*Script)
	if place.Set() {
		d.warn(l.st.Pos(), "%s was given before, this one is ignored", l.kw.Name)
		return
	}
	if _, ok := l.arg(0); !ok {
		d.warn(l.st.Pos(), "%s: a script is missing", l.kw.Name)
		return
	}
	if s, ok := d.script(l); ok {
		*place = s
		d.checkScript(l.st.Pos(), s)
	}
}

// checkScript remembers a script for the check of files, which comes after the reading because enable_script_security may follow.
func (d *decoder) checkScript(pos parser.Position, s Script) {
	d.scripts = append(d.scripts, scriptUse{pos: pos, script: s})
}

// scriptUse is a script that is to be looked at.
type scriptUse struct {
	pos    parser.Position
	script Script
}

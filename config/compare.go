package config

import (
	"fmt"
	"slices"
	"strings"

	"keepalived-go/parser"
)

// ObjectChange is one object that another configuration adds, removes or changes.
type ObjectChange struct {
	Kind  ChangeKind
	Block string // its keyword: vrrp_instance, virtual_server, global_defs and so on
	Name  string // what follows the keyword; of a changed object as the new configuration has it
	// Settings are what is another one in an object that is changed, in the order of Dump.
	Settings []Setting
}

// Setting is one keyword, or one line of a list, of a changed object.
type Setting struct {
	Kind     ChangeKind
	Keyword  string // with the blocks it stands in, separated by blanks
	Old, New string // the rest of the line; Old is empty for Added, New for Removed
}

// Compare lists what is different in two configurations, each object with its own keywords as Dump writes them, defaults
// resolved. Objects are the same as a reload takes them to be: an instance by what makes it the same virtual router, a
// virtual server by its key out of keys, which has one for each of those of a configuration; all others by their names.
func Compare(before, after Config, keys func(Config) []string) []ObjectChange {
	olds, news := objects(before, keys), objects(after, keys)
	var out []ObjectChange
	for _, o := range olds {
		if news.find(o.key) == nil {
			out = append(out, ObjectChange{Kind: Removed, Block: o.block, Name: o.name})
		}
	}
	for _, n := range news {
		o := olds.find(n.key)
		if o == nil {
			out = append(out, ObjectChange{Kind: Added, Block: n.block, Name: n.name})
			continue
		}
		settings := compareBlocks("", o.statements, n.statements)
		if o.name != n.name {
			settings = append([]Setting{{Kind: Updated, Keyword: n.block, Old: o.name, New: n.name}}, settings...)
		}
		if len(settings) > 0 {
			out = append(out, ObjectChange{Kind: Updated, Block: n.block, Name: n.name, Settings: settings})
		}
	}
	return out
}

// object is a statement at the top of a dump.
type object struct {
	key, block, name string
	statements       []*parser.Statement
}

type objectList []*object

func (l objectList) find(key string) *object {
	if i := slices.IndexFunc(l, func(o *object) bool { return o.key == key }); i >= 0 {
		return l[i]
	}
	return nil
}

// objects are those of a configuration in the order of its dump. Keywords outside of any block are one object.
func objects(c Config, keys func(Config) []string) objectList {
	text, _ := parser.ReadString("dump", string(Dump(c)), parser.Options{})
	tree, _ := parser.Parse(text)
	servers := keys(c)
	loose := &object{key: "outside", block: "outside of any block"}
	list := objectList{loose}
	seen := map[string]int{}
	for _, s := range tree.Statements {
		if s.Block == nil {
			loose.statements = append(loose.statements, s)
			continue
		}
		o := &object{block: s.Keyword(), name: words(s.Args()), statements: s.Block.Statements}
		n := seen[o.block]
		seen[o.block]++
		switch o.block {
		case "vrrp_instance":
			o.key = o.block + " " + c.Instances[n].Key()
		case "virtual_server":
			o.key = o.block + " " + servers[n]
		case "garp_group":
			o.key = fmt.Sprintf("%s %d", o.block, n)
		default:
			o.key = o.block + " " + o.name
		}
		list = append(list, o)
	}
	return list
}

// words are words as they would be written.
func words(list []parser.Word) string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = quoteWord(w.Text)
	}
	return strings.Join(out, " ")
}

// entry is a line of a block, or a block in it.
type entry struct {
	id      string // the same in both where it is the same thing
	keyword string
	rest    string
	secret  bool
	block   []*parser.Statement // nil for a line
}

// secrets are keywords whose values are nobody's business who reads a log.
var secrets = []string{"auth_pass", "password", "key"}

// shown is the rest of a line as people read it: a script without the escapes that the reader of files wants.
func (e entry) shown() string {
	if e.secret {
		return "********"
	}
	if bare, ok := strings.CutPrefix(e.rest, `"\047`); ok {
		if bare, ok = strings.CutSuffix(bare, `\047"`); ok {
			return strings.ReplaceAll(`\047`+bare+`\047`, `\047`, "'")
		}
	}
	return e.rest
}

// compareBlocks compares the content of two blocks. path is where they stand.
func compareBlocks(path string, before, after []*parser.Statement) []Setting {
	olds, news := entries(before, after), entries(after, before)
	var out []Setting
	for _, o := range olds {
		if !slices.ContainsFunc(news, func(n entry) bool { return n.id == o.id }) {
			out = append(out, o.settings(path, Removed)...)
		}
	}
	for _, n := range news {
		i := slices.IndexFunc(olds, func(o entry) bool { return o.id == n.id })
		switch {
		case i < 0:
			out = append(out, n.settings(path, Added)...)
		case n.block != nil:
			out = append(out, compareBlocks(n.path(path), olds[i].block, n.block)...)
		case olds[i].rest != n.rest:
			out = append(out, Setting{Kind: Updated, Keyword: joinWords(path, n.keyword), Old: olds[i].shown(), New: n.shown()})
		}
	}
	return out
}

// entries are the statements of a block. A keyword that stands there once, in the other block too, is the same
// whatever its value; the lines of a list are the same when they are equal.
func entries(own, other []*parser.Statement) []entry {
	counts, others := count(own), count(other)
	nth := map[string]int{}
	list := make([]entry, 0, len(own))
	for _, s := range own {
		e := entry{keyword: s.Keyword(), rest: words(s.Args())}
		if s.Raw.Text != "" && s.Block == nil { // scripts have quotes of their own
			e.rest = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(s.Raw.Text), e.keyword))
		}
		if slices.Contains(secrets, e.keyword) {
			e.secret = true
		}
		e.id = e.keyword
		if counts[e.keyword] > 1 || others[e.keyword] > 1 || s.Block != nil || isValue(e.keyword) {
			e.id += " " + e.rest
		}
		if s.Block != nil {
			e.block = s.Block.Statements
			if e.block == nil {
				e.block = []*parser.Statement{}
			}
			e.id = "{" + e.id
		}
		nth[e.id]++
		if n := nth[e.id]; n > 1 { // a second check of the same kind, say
			e.id = fmt.Sprintf("%s #%d", e.id, n)
		}
		list = append(list, e)
	}
	return list
}

// isValue tells a line of a list, such as an address, from a keyword with its value.
func isValue(word string) bool {
	return word == "" || !(word[0] >= 'a' && word[0] <= 'z' || word[0] >= 'A' && word[0] <= 'Z') || strings.ContainsAny(word, ":./")
}

func count(list []*parser.Statement) map[string]int {
	counts := map[string]int{}
	for _, s := range list {
		counts[s.Keyword()]++
	}
	return counts
}

func joinWords(path, word string) string { return strings.TrimSpace(path + " " + word) }

func (e entry) path(path string) string {
	return joinWords(path, strings.TrimSpace(e.keyword+" "+e.rest))
}

// settings are an entry that only one configuration has, line by line.
func (e entry) settings(path string, kind ChangeKind) []Setting {
	if e.block == nil {
		s := Setting{Kind: kind, Keyword: joinWords(path, e.keyword)}
		if kind == Added {
			s.New = e.shown()
		} else {
			s.Old = e.shown()
		}
		return []Setting{s}
	}
	if isList(e.block) {
		var out []Setting
		for _, inner := range entries(e.block, nil) {
			out = append(out, inner.settings(e.path(path), kind)...)
		}
		return out
	}
	return []Setting{{Kind: kind, Keyword: e.path(path)}}
}

// isList tells a block of lines, such as virtual_ipaddress, from one of keywords, such as real_server.
func isList(block []*parser.Statement) bool {
	return len(block) > 0 && !slices.ContainsFunc(block, func(s *parser.Statement) bool { return s.Block != nil || !isValue(s.Keyword()) })
}

package config

import "sync"

// Effect says what a keyword does in this version.
type Effect uint8

// The effects a keyword can have.
const (
	// Ignored keywords are read and checked, and have no effect yet.
	Ignored Effect = iota
	// Acts means that the keyword works.
	Acts
	// Holds means that running without the keyword would be wrong towards peers or traffic, so the instance that
	// has it is held in Fault.
	Holds
)

// String is the wording that COMPATIBILITY.md uses.
func (e Effect) String() string {
	return [...]string{"read and checked, no effect yet", "acts", "holds the instance in Fault"}[e]
}

// Keyword is one row of the table: a keyword of a block, or an option of the line that a keyword or entry opens.
type Keyword struct {
	// Name is the word as written in the file. In angle brackets it stands for a word of the user: <IPADDR>.
	Name string
	// Syntax is the argument in the notation of the manual, Default the value without the keyword.
	Syntax, Default string
	// Since is the upstream version that introduced it, "" when it was never implemented.
	Since string
	// Area is the part of the daemon that it belongs to.
	Area string
	// Meaning is one line for the manual, Note adds what a reader of that line must know.
	Meaning, Note string
	// Deprecated keywords still work; Alias names the keyword to write instead, where there is one.
	Deprecated bool
	Alias      string
	Effect     Effect
	// EffectNote limits Effect: when it does what it says.
	EffectNote string

	// Arg is the argument as it is read and checked.
	Arg Arg
	// Into gives the place of the value in the configuration: a pointer of a type that store knows. It serves
	// decoding and Dump.
	Into func(*scope) any
	// Do is called with the line instead of the reading by Arg and Into.
	Do func(*decoder, line)
	// Show gives the arguments of the value at a place for Dump, one line each; nil where the value is of Arg's kind.
	Show func(place any) []string
	// Options are words of the same line, for the manual and the suggestions. Whoever reads the line reads them.
	Options []Keyword
	// Block is what may stand in braces after the keyword, nil when it takes none.
	Block *Block
}

// Block is the content of a pair of braces.
type Block struct {
	// Keywords may start the lines of the block.
	Keywords []Keyword
	// Entry is called for each line of a block that has entries instead of keywords.
	Entry func(*decoder, line)
	// End is called when the block is closed, unless it was skipped.
	End func(*decoder)

	byName map[string]*Keyword
}

// table is the assembled language.
type table struct {
	root *Block
	// places maps a keyword to the blocks that know it, for the message about a keyword in the wrong place.
	places map[string][]string
	// lines maps the keyword of a block of entries to the options of its lines, those of nested options included.
	lines map[*Keyword]map[string]*Keyword
}

// options gives the words that may stand in a line of a block of entries.
func (t *table) options(k *Keyword) map[string]*Keyword { return t.lines[k] }

// indexOptions collects options and what stands below them.
func indexOptions(into map[string]*Keyword, rows []Keyword) {
	for i := range rows {
		if into[rows[i].Name] == nil {
			into[rows[i].Name] = &rows[i]
		}
		indexOptions(into, rows[i].Options)
	}
}

// language assembles the table once.
var language = sync.OnceValue(func() *table {
	t := &table{root: &Block{Keywords: rootKeywords()}, places: map[string][]string{}, lines: map[*Keyword]map[string]*Keyword{}}
	inherit(t.root.Keywords)
	t.index(t.root, "")
	return t
})

// inherit makes what stands below a keyword that holds the instance hold it too.
func inherit(rows []Keyword) {
	for i := range rows {
		k := &rows[i]
		below := [][]Keyword{k.Options}
		if k.Block != nil {
			below = append(below, k.Block.Keywords)
		}
		for _, list := range below {
			for n := range list {
				if k.Effect == Holds && list[n].Effect == Ignored {
					list[n].Effect = Holds
				}
			}
			inherit(list)
		}
	}
}

// rootKeywords are the keywords that stand outside of any block, with all that is below them.
func rootKeywords() []Keyword {
	var rows []Keyword
	for _, part := range [][]Keyword{
		globalKeywords(),
		vrrpKeywords(),
		trackKeywords(),
		staticKeywords(),
		lvsKeywords(),
		bfdKeywords(),
	} {
		rows = append(rows, part...)
	}
	return rows
}

// index builds the maps that the decoder looks words up in.
func (t *table) index(b *Block, path string) {
	b.byName = make(map[string]*Keyword, len(b.Keywords))
	for i := range b.Keywords {
		k := &b.Keywords[i]
		b.byName[k.Name] = k
		t.places[k.Name] = append(t.places[k.Name], path)
		if len(k.Options) > 0 {
			t.lines[k] = map[string]*Keyword{}
			indexOptions(t.lines[k], k.Options)
		}
		if k.Block != nil {
			t.index(k.Block, join(path, k.Name))
		}
	}
}

// join puts a path of block names together.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

// Walk calls visit for every row with its path, such as vrrp_instance/virtual_ipaddress/dev, in the order of the table.
func Walk(visit func(path string, k *Keyword)) { walk(language().root.Keywords, "", visit) }

func walk(rows []Keyword, path string, visit func(string, *Keyword)) {
	for i := range rows {
		k := &rows[i]
		p := join(path, k.Name)
		visit(p, k)
		walk(k.Options, p, visit)
		if k.Block != nil {
			walk(k.Block.Keywords, p, visit)
		}
	}
}

// opensBlock is Do of keywords that have nothing to read on their own line.
func opensBlock(*decoder, line) {}

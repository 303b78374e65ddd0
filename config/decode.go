package config

import (
	"fmt"

	"keepalived-go/parser"
)

// Decode reads a tree into a configuration. It always gives a configuration: what is wrong is left out or replaced
// as upstream does it, and said in the diagnostics, which are in the order of the text.
func Decode(tree *parser.Tree, env Env) (Config, []parser.Diagnostic) {
	d := newDecoder(tree, env)
	d.level(d.table.root, 0, false)
	if !d.stopped {
		d.resolve()
	}
	d.cursor.order.sort(d.diagnostics)
	return d.config, d.diagnostics
}

func newDecoder(tree *parser.Tree, env Env) *decoder {
	d := &decoder{
		env: env, cursor: newCursor(tree), table: language(),
		noticed: map[*Keyword]bool{}, given: map[*Keyword]bool{}, weightsNoted: map[string]bool{},
		trackers: newTrackers(), scriptUsed: map[int]bool{}, tracks: map[trackKey]bool{},
		instances: map[string]int{}, groups: map[string]bool{}, trackGroups: map[string]int{},
		vmacNames: map[string]string{}, virtual: map[virtualKey]string{}, garpInterfacesUsed: map[string]bool{},
		nameTables: map[*nameKind]map[string]uint32{},
	}
	d.config.Global = defaultGlobal(env.HostName)
	d.scope.global = &d.config.Global
	return d
}

// decoder is the state of one reading.
type decoder struct {
	env         Env
	cursor      *cursor
	table       *table
	config      Config
	diagnostics []parser.Diagnostic
	severity    parser.Severity   // the worst so far
	status      parser.Status     // the largest so far
	suggestions int               // that were looked for
	noticed     map[*Keyword]bool // keywords whose missing effect was said
	path        []string          // names of the blocks that are open
	given       map[*Keyword]bool // keywords of which the first one wins
	quiet       bool              // the open block has no effect, which was said
	skip        bool              // the block that follows is to be passed over
	stopped     bool              // a required argument is missing: upstream ends there
	scope       scope

	raw          []*rawInstance
	instances    map[string]int // name to index of raw
	rawGroups    []rawGroup
	groups       map[string]bool
	trackGroups  map[string]int
	trackers     trackers
	tracks       map[trackKey]bool
	weightsNoted map[string]bool

	scripts          []scriptUse       // every script but those of vrrp_script
	scriptPlaces     []parser.Position // of each vrrp_script
	trackGroupPlaces []parser.Position
	scriptUsed       map[int]bool
	scriptUserSet    bool
	scriptUserFailed bool
	scriptPos        parser.Position // of the block that is being read
	scriptBroken     bool

	linkMissing        bool                  // upstream dies of an interface that does not exist
	linkMissingPos     parser.Position       // of the first one
	vmacNames          map[string]string     // to the instance that uses it
	virtual            map[virtualKey]string // the names of macvlans
	garpInterfacesUsed map[string]bool

	nameTables    map[*nameKind]map[string]uint32 // those of iproute2 that were needed
	protocolNames map[string]uint8                // nil until they are needed
	preferences   [2]uint32                       // how many rules of IPv4 and IPv6 were given one

	iptablesAt, ipsetsAt parser.Position // of vrrp_iptables and vrrp_ipsets
}

// scope points to what is being read. Dump fills it too, to ask the table for the values.
type scope struct {
	global  *Global
	inst    *rawInstance
	group   *SyncGroup
	script  *TrackScript
	file    *TrackFile
	process *TrackProcess
	garp    *GARPGroup
	lvsScope
	bfdScope
}

// line is a statement that is being read, with the row that it belongs to.
type line struct {
	st *parser.Statement
	kw *Keyword
}

// arg gives word n after the keyword (0 is the first), and false when it is not there.
func (l line) arg(n int) (parser.Word, bool) {
	args := l.st.Args()
	if n >= len(args) {
		return parser.Word{Pos: l.st.Pos()}, false
	}
	return args[n], true
}

// maxDiagnostics bounds what is said about one configuration, maxSuggestions how often a near word is looked for: a
// large file of something else must not take long to refuse.
const (
	maxDiagnostics = 10_000
	maxSuggestions = 200
)

// report appends a diagnostic. Beyond the bound only those are kept that change the exit status or the severity.
func (d *decoder) report(pos parser.Position, sev parser.Severity, status parser.Status, hint, format string, args ...any) {
	worse := sev > d.severity || status > d.status || status == parser.StatusMissing
	d.severity, d.status = max(d.severity, sev), max(d.status, status)
	if len(d.diagnostics) >= maxDiagnostics && !worse {
		return
	}
	d.diagnostics = append(d.diagnostics, parser.Diagnostic{
		Pos: pos, Severity: sev, Status: status, Message: fmt.Sprintf(format, args...), Suggestion: hint,
	})
}

// note says something that does not influence the exit status of -t.
func (d *decoder) note(pos parser.Position, format string, args ...any) {
	d.report(pos, parser.Notice, parser.StatusOK, "", format, args...)
}

// warn says what upstream logs as a fault of the configuration and then lives with.
func (d *decoder) warn(pos parser.Position, format string, args ...any) {
	d.report(pos, parser.Warning, parser.StatusConfig, "", format, args...)
}

// fail says what upstream dies of.
func (d *decoder) fail(pos parser.Position, format string, args ...any) {
	d.report(pos, parser.Error, parser.StatusConfig, "", format, args...)
}

// need gives word n after the keyword. Without it the reading ends, as upstream's does.
func (d *decoder) need(l line, n int) (parser.Word, bool) {
	w, ok := l.arg(n)
	if ok || d.stopped {
		return w, ok
	}
	words := l.st.Words
	d.lack(words[0].Text, words[len(words)-1])
	return w, false
}

// lack reports that a line ends after the word last although a value must follow, and ends the reading.
func (d *decoder) lack(keyword string, last parser.Word) {
	d.stopped = true
	d.report(last.Pos, parser.Error, parser.StatusMissing, "", "%s: a value is missing after %q", keyword, last.Text)
}

// level reads the lines of a block until it is closed. depth is 0 outside of any block; needOpen is true when the
// opening brace has not been seen.
func (d *decoder) level(b *Block, depth int, needOpen bool) {
	for !d.stopped {
		t := d.cursor.next()
		switch {
		case t.kind == tokenEnd:
			return
		case needOpen && t.kind == tokenOpen:
			needOpen = false
			continue
		case needOpen:
			needOpen = false
			d.warn(t.pos, "'{' is missing at the beginning of block %s", d.blockName())
		case t.kind == tokenOpen:
			d.warn(t.pos, "unexpected '{'")
			continue
		}
		if t.kind == tokenClose {
			if depth > 0 {
				d.end(b)
				return
			}
			d.warn(t.pos, "'}' closes no block")
			continue
		}
		d.statement(b, depth, t.st)
	}
}

func (d *decoder) end(b *Block) {
	if b.End != nil {
		b.End(d)
	}
}

// statement decodes one line with the block that belongs to it.
func (d *decoder) statement(b *Block, depth int, st *parser.Statement) {
	k := b.byName[st.Keyword()]
	if k == nil {
		d.unknown(b, st)
		return
	}
	d.announce(k, st)
	l := line{st: st, kw: k}
	if k.Do != nil {
		k.Do(d, l)
	} else {
		d.read(l)
	}
	if d.stopped || k.Block == nil {
		return
	}
	d.block(l, depth)
}

// block decodes what stands in the braces after a keyword.
func (d *decoder) block(l line, depth int) {
	if d.skip {
		d.skip = false
		d.skipBlock()
		return
	}
	quiet := d.quiet
	d.quiet = quiet || l.kw.Effect == Ignored
	d.path = append(d.path, l.kw.Name)
	if l.kw.Block.Entry != nil {
		d.entries(l)
	} else {
		d.level(l.kw.Block, depth+1, true)
	}
	d.path = d.path[:len(d.path)-1]
	d.quiet = quiet
}

// entries reads a block whose lines are entries.
func (d *decoder) entries(l line) {
	b := l.kw.Block
	if w, extra := l.arg(0); extra && len(b.Keywords) == 0 {
		d.warn(w.Pos, "%s takes no word before its block, %q is ignored", l.kw.Name, w.Text)
	}
	if d.cursor.peek().kind == tokenOpen {
		d.cursor.next()
	}
	for !d.stopped {
		t := d.cursor.next()
		switch t.kind {
		case tokenEnd:
			return
		case tokenClose:
			d.end(b)
			return
		case tokenWords:
			b.Entry(d, line{st: t.st, kw: l.kw})
		case tokenOpen:
			d.warn(t.pos, "unexpected '{'")
		}
	}
}

// skipBlock passes over the block that follows, if one does.
func (d *decoder) skipBlock() {
	if d.cursor.peek().kind != tokenOpen {
		return
	}
	for depth := 0; ; {
		switch d.cursor.next().kind {
		case tokenEnd:
			return
		case tokenOpen:
			depth++
		case tokenClose:
			if depth--; depth == 0 {
				return
			}
		case tokenWords:
		}
	}
}

// announce says once per keyword that it has no effect yet.
func (d *decoder) announce(k *Keyword, st *parser.Statement) {
	if k.Effect != Ignored || d.quiet {
		return
	}
	if d.noticed[k] {
		return
	}
	d.noticed[k] = true
	d.note(st.Pos(), "%s has no effect yet", k.Name)
}

// blockName is the path of the open blocks, such as vrrp_instance/authentication.
func (d *decoder) blockName() string {
	path := ""
	for _, n := range d.path {
		path = join(path, n)
	}
	return path
}

// unknown reports a word that is no keyword of the block.
func (d *decoder) unknown(b *Block, st *parser.Statement) {
	suggestion := ""
	if d.suggestions++; d.suggestions <= maxSuggestions {
		suggestion = d.table.suggest(b, st.Keyword())
	}
	d.report(st.Pos(), parser.Warning, parser.StatusConfig, suggestion, "unknown keyword %q", st.Keyword())
}

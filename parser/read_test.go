package parser

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// compact writes statements on one line: words, quoted ones in quotes, blocks in braces, "..." for a block that is
// not closed, "}!" for a closing brace too many, "_" for a block without keyword.
func compact(list []*Statement) string {
	var out []string
	for _, s := range list {
		var words []string
		for _, w := range s.Words {
			if w.Quoted {
				words = append(words, strconv.Quote(w.Text))
			} else {
				words = append(words, w.Text)
			}
		}
		text := strings.Join(words, " ")
		switch {
		case s.Stray:
			text = "}!"
		case len(s.Words) == 0:
			text = "_"
		}
		if s.Block != nil {
			end := "}"
			if !s.Block.Closed() {
				end = "..."
			}
			text += "{" + compact(s.Block.Statements) + end
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

// brief writes diagnostics as line:column/status message.
func brief(diags []Diagnostic) []string {
	var out []string
	for _, d := range diags {
		structural := ""
		if d.Structural {
			structural = "!"
		}
		out = append(out, fmt.Sprintf("%d:%d/%d%s %s", d.Pos.Line, d.Pos.Column, d.Status, structural, d.Message))
	}
	return out
}

func parseString(t *testing.T, text string, opt Options) (*Tree, []Diagnostic) {
	t.Helper()
	if opt.ConfigID == "" {
		opt.ConfigID = "n1"
	}
	opt.Getenv = func(name string) (string, bool) {
		value, ok := map[string]string{"SET": "v", "TWO": "a\nb", "LONG": strings.Repeat("e", 2000)}[name]
		return value, ok
	}
	consolidated, diags := ReadString("t.conf", text, opt)
	tree, more := Parse(consolidated)
	return tree, append(diags, more...)
}

func TestReadAndParse(t *testing.T) {
	tests := []struct {
		name, text, want string
		diags            []string
	}{
		{"empty", "", "", nil},
		{"blank lines", "\n \n\t\n", "", nil},

		{"comment with #", "# a\nb # c\n", "b", nil},
		{"comment with !", "! a\nb !c", "b", nil},
		{"comment in a word", "router_id a!b ! tail", "router_id a", nil},
		{"hash in a word", "router_id ab#cd", "router_id ab", nil},
		{"comment signs in quotes", `router_id "a b # c ! d"`, `router_id "a b # c ! d"`, nil},
		{"escaped comment signs", `router_id a\#b\!c # d`, "router_id a#b!c", nil},
		{"escaped comment signs in quotes stay", `router_id "a\#b\!c"`, `router_id "a\\#b\\!c"`, nil},
		{"other backslashes stay", `router_id c\\d\e`, `router_id c\\d\e`, nil},
		{"escaped quote opens a word", `router_id c\\d\"e`, `router_id c\\d\`, []string{`1:16/5 Unmatched quote: 'router_id c\\d\"e'`}},
		{"UTF-8", "router_id \"größe\" # ünï\n# ✓\nfoo é\n", `router_id "größe"; foo é`, nil},
		{"not UTF-8", "foo \xff\xfe", "foo \xff\xfe", nil},

		{"separators", "a\tb\vc\fd", "a b c d", nil},
		{"indentation", "\t  a\n      b", "a; b", nil},
		{"keywords keep their case", "Priority 1", "Priority 1", nil},
		{"CRLF", "a {\r\n b\r\n}\r\n", "a{b}", nil},
		{"several CR", "a\r\r\n", "a", nil},
		{"single quotes are literal", "router_id 'a b'", "router_id 'a b'", nil},
		{"a quote begins a word", `router_id ab"cd ef"gh`, `router_id ab "cd ef" gh`, nil},
		{"empty quotes", `a "" b`, `a "" b`, nil},
		{"open quote", "router_id \"abc\nfoo", "router_id; foo", []string{`1:11/5! Unterminated quote 'router_id "abc'`}},
		{"open quote hides a brace", "a \"b {\n}", "a; }!", []string{`1:3/5! Unterminated quote 'a "b {'`, "2:1/5! Extra '}' found"}},
		{"lone open quote", "a\n\"\nb", "a; b", []string{`2:1/5! Unterminated quote '"'`}},
		{"byte order mark", "\xef\xbb\xbfa {\n}", "a{}", []string{"1:1/5 byte order mark at the start of the file - ignoring"}},
		{"byte order mark later", "a\n\xef\xbb\xbfb", "a; \xef\xbb\xbfb", nil},

		{"no continuation", "router_id \\\n abc", `router_id\; abc`, nil},
		{"backslash before blanks at the end", "router_id \\ \n abc", `router_id \; abc`, nil},

		{"brace on the line", "global_defs {\n}", "global_defs{}", nil},
		{"brace glued", "global_defs{\n}", "global_defs{}", nil},
		{"brace on the next line", "global_defs\n\n# c\n{\n}", "global_defs{}", nil},
		{"all on one line", "global_defs { router_id abc }", "global_defs{router_id abc}", nil},
		{"closing brace glued", "g {\nrouter_id abc}", "g{router_id abc}", nil},
		{"braces without blanks", "a{b{c}d}e", "a{b{c}; d}; e", nil},
		{"braces in quotes", `a "{" { b "}" }`, `a "{"{b "}"}`, nil},
		{"braces in single quotes count", "a '{' \n}", "a '{'}", nil},
		{"words after a closing brace", "a {\n} b c", "a{}; b c", nil},
		{"block not closed", "a {\nb {\nc\n}\n", "a{b{c}...", []string{"1:3/5! There are 1 missing '}'s or extra '{'s"}},
		{"two blocks not closed", "a {\nb {\nc\n", "a{b{c......", []string{"2:3/5! There are 2 missing '}'s or extra '{'s"}},
		{"closing brace too many", "a {\n}\n}\nb", "a{}; }!; b", []string{"3:1/5! Extra '}' found"}},
		{"two closing braces too many", "} }", "}!; }!", []string{"1:1/5! Extra '}' found", "1:3/5! Extra '}' found"}},
		{"block without keyword", "{ a }\nb { { c } }", "_{a}; b{_{c}}", nil},
		{"second block of a statement", "a { b } { c }", "a{b}; _{c}", nil},
		{"keyword without its block", "global_defs\nrouter_id abc\n}", "global_defs; router_id abc; }!", []string{"3:1/5! Extra '}' found"}},
		{"words before the brace", "virtual_router_id 1 priority 77 virtual_ipaddress { 192.0.2.9/24", "virtual_router_id 1 priority 77 virtual_ipaddress{192.0.2.9/24...", []string{"1:51/5! There are 1 missing '}'s or extra '{'s"}},

		{"definition", "$NAME=value\na $NAME", "a value", nil},
		{"definition with blanks", "$A= x y # c\na $A", "a x y", nil},
		{"definition with quotes", "$A=\"x y\"\na $A", `a "x y"`, nil},
		{"definition to nothing", "$A=\nb $A c", "b c", nil},
		{"blank before the equals sign", "$A = x\na $A", "$A = x; a $A", nil},
		{"definition of a bad name", "$1A=x\n$A-B=y", "$1A=x; $A-B=y", nil},
		{"definition in a block", "a {\n$A=x\nb $A\n}", "a{b x}", nil},
		{"definition behind a brace", "a { $A=5 }\nb $A", "a{b 5}", nil},
		{"use in a word and in quotes", "$A=x\na b${A}c \"d ${A} e\"", `a bxc "d x e"`, nil},
		{"use without braces", "$A=hello\na x$A ($A,$A) $A.z $Ab $A/z", "a xhello (hello,hello) $A.z $Ab $A/z", nil},
		{"undefined", "a $NOPE", "a $NOPE", nil},
		{"undefined with braces", "a ${NOPE}", "a ${NOPE}", nil},
		{"late and recursive", "$B=2\n$A=x${B}\n$B=3\nrouter_id $A", "router_id x3", nil},
		{"definition after its use", "a $A\n$A=x", "a $A", nil},
		{"redefinition", "$A=1\na $A\n$A=2\na $A", "a 1; a 2", nil},
		{"built-in overridden", "$_HASH=x\na $_HASH", "a x", nil},
		{"value makes a brace", "$A={ b }\na $A", "a{b}", nil},
		{"value makes a comment", "$A=x ${_HASH} y\na $A z", "a x", nil},
		{"dollar at the end", "$A=x\na $A $", "a x $", nil},
		{"value makes a condition", "$A=@n1 a\n$B=@n2 b\n$A 1\n$B ${A}2", "a 1", nil},
		{"multi-line", "$INST= \\\n v V_${N} { \\\n id ${N} \\\n }\n$N=5\n$INST\n$N=6\n$INST\n", "v V_5{id 5}; v V_6{id 6}", nil},
		{"multi-line with text before and first line", "$M=a \\\n b\nx$M", "xa; b", nil},
		{"multi-line not at the end of a line", "$M=a \\\n b\nx $M y ${M}z", "x $M y ${M}; z", nil},
		{"multi-line with comment and empty lines", "$M= \\\n a \\\n# c \\\n\\\n b\n$M", "a; b", nil},
		{"multi-line with comments before the backslash", "$M= # x \\\n a # c \\\n b # d\nc # e \\\n$M", "c; a; b", nil},
		{"multi-line ended by an empty line", "$M=a \\\n b \\\n\nc\n$M", "c; a; b", nil},
		{"multi-line without lines", "$M= \\\n\na $M b", "a b", nil},
		{"multi-line in multi-line", "$C= \\\n c1 \\\n c2\n$A= \\\n a1 \\\n $C \\\n a2\n$A", "a1; c1; c2; a2", nil},
		{"repetition in multi-line in repetition", "$A= \\\n a1 \\\n ~SEQ(N,2) s${N} \\\n a2\n~SEQ(M,2) m${M} $A\n", "m1 a1; s1; s2; a2; m2 a1; s1; s2; a2", nil},

		{"instance", "a ${_INSTANCE}$_INSTANCE", "a n1n1", nil},
		{"hash and bang", "a x${_HASH}b\nc ${_BANG}d\ne \"${_HASH}${_BANG}\"", `a x; c; e "#!"`, nil},
		{"random of one value", "a ${_RANDOM 5 5} b${_RANDOM 7  7}", "a 5 b7", nil},
		{"random with bounds reversed", "a ${_RANDOM 5 4}", "a 5", []string{"1:1/5 ${_RANDOM}: min 5 exceeds max 4, using 5"}},
		{"random of words", "a ${_RANDOM x}", "a ${_RANDOM x}", []string{"1:1/5 Definition _RANDOM requires numeric parameters only."}},
		{"random with too much", "a ${_RANDOM 1 2 3}", "a ${_RANDOM 1 2 3}", []string{"1:1/5 Definition _RANDOM requires between 0 and 2 parameters, 3 specified."}},
		{"environment", "a ${_ENV SET} z${_ENV NOT_SET}", "a v z", nil},
		{"environment with two lines", "a ${_ENV TWO}", "a", []string{"1:3/5 environment variable TWO has more than one line"}},
		{"environment too long", "a ${_ENV LONG}\nb", "b", []string{"1:1/5 substitution of $_ENV would exceed the maximum line length - ignoring line"}},
		{"environment without name", "a ${_ENV}", "a ${_ENV}", []string{"1:1/5 Definition _ENV requires between 1 and 1 parameters, 0 specified."}},
		{"parameters where there are none", "$A=x\na ${A 1} ${_PWD 1}", "a ${A 1}; ${_PWD 1}", nil},
		{"parameters with a blank at the end", "a ${_RANDOM 5 }", "a ${_RANDOM 5}", nil},

		{"sequence", "~SEQ(N,3) a ${N}", "a 1; a 2; a 3", nil},
		{"sequence with start", "~SEQ( N , 2 , 3 ) a ${N}", "a 2; a 3", nil},
		{"sequence downwards", "~SEQ(N,3,2) a ${N}", "a 3; a 2", nil},
		{"sequence with step", "~SEQ(N,10,2,14) a ${N}/32", "a 10/32; a 12/32; a 14/32", nil},
		{"sequence with negative step", "~SEQ(N,5,-2,0) a ${N}", "a 5; a 3; a 1", nil},
		{"sequence to zero and below", "~SEQ(N,0) a ${N}\n~SEQ(N,-2) b ${N}", "a 1; a 0; b -1; b -2", nil},
		{"sequence of one", "~SEQ(N,4,4) a ${N}", "a 4", nil},
		{"sequence in hexadecimal", "~SEQx(N,9,11) fe80::${N}/64", "fe80::9/64; fe80::a/64; fe80::b/64", nil},
		{"sequence with bases", "~SEQ(N,0x3,010) a${N}", "a3; a4; a5; a6; a7; a8", nil},
		{"sequence without numbers", "~SEQ(N,,2) a${N}", "a0; a1; a2", nil},
		{"sequence to a definition", "$A=2\n~SEQ(N,$A) a${N}", "a1; a2", nil},
		{"sequence from a definition", "$S=~SEQ(N,2) a${N}\nb {\n$S\n}", "b{a1; a2}", nil},
		{"sequence behind a brace", "b { ~SEQ(N,2) a${N}\n}", "b{a1; a2}", nil},
		{"sequence with braces", "~SEQ(N,2) a${N} { b }", "a1{b}; a2{b}", nil},
		{"sequence of nothing", "~SEQ(N,3)\na", "a", nil},
		{"sequences on one line", "~SEQ(A,2) ~SEQ(B,2) a ${A}${B}", "a 11; a 12; a 21; a 22", nil},
		{"sequence at the end of numbers", "~SEQ(N,9223372036854775806,9223372036854775807) a${N}", "a9223372036854775806; a9223372036854775807", nil},
		{"sequence with step zero", "~SEQ(N,1,0,3) a\nb", "b", []string{"1:1/5 Invalid ~SEQ specification '~SEQ(N,1,0,3) a' (the step does not lead from start to end)"}},
		{"sequence in the wrong direction", "~SEQ(N,3,1,1) a", "", []string{"1:1/5 Invalid ~SEQ specification '~SEQ(N,3,1,1) a' (the step does not lead from start to end)"}},
		{"sequence without end", "~SEQ(N) a", "", []string{"1:1/5 Invalid ~SEQ specification '~SEQ(N) a' (expected a variable and values in parentheses)"}},
		{"sequence not closed", "~SEQ(N,1 a", "", []string{"1:1/5 Invalid ~SEQ specification '~SEQ(N,1 a' (expected a variable and values in parentheses)"}},
		{"sequence of words", "~SEQ(N,x) a", "", []string{"1:1/5 Invalid ~SEQ specification '~SEQ(N,x) a' (expected a number)"}},
		{"sequence below zero in hexadecimal", "~SEQx(N,-1,1) a", "", []string{"1:1/5 Invalid ~SEQ specification '~SEQx(N,-1,1) a' (~SEQx is only valid for positive numbers)"}},
		{"list", "~LST(X,20,21) a.${X}/32", "a.20/32; a.21/32", nil},
		{"list of sets", "~LST({A,B},{10,32},{ 11 , 31 }) a.${A}/${B}", "a.10/32; a.11/31", nil},
		{"list with missing values", "~LST({A,B},1,{2}) a${A}x${B}y", "a1xy; a2xy", nil},
		{"list and sequence", "~LST(X,p,q) ~SEQ(N,2) a${X}${N}", "ap1; ap2; aq1; aq2", nil},
		{"list with too many values", "~LST({A,B},{1,2,3}) a", "", []string{"1:1/5 Invalid ~LST specification '~LST({A,B},{1,2,3}) a' (too many values)"}},
		{"list not closed", "~LST(X,1,2} a", "", []string{"1:1/5 Invalid ~LST specification '~LST(X,1,2} a' (expected a variable and values in parentheses)"}},
		{"list without parentheses", "~LST X a", "", []string{"1:1/5 Invalid ~LST specification '~LST X a' (expected a variable and values in parentheses)"}},
		{"other words with ~", "~FOO a\nb ~SEQ(N,2) c", "~FOO a; b ~SEQ(N,2) c", nil},

		{"condition", "@n1 a\n@n2 b\n@n b\n@n11 b", "a", nil},
		{"condition negated", "@^n1 a\n@^n2 b", "b", nil},
		{"condition without text", "@n1\n@^n2\na", "a", nil},
		{"condition on a block", "@n1 a {\n@n2 b\n@^n2 c\n}", "a{c}", nil},
		{"condition behind a brace", "a { @n2 b }\nc { @n1 d }", "a{c{d}...", []string{"1:3/5! There are 1 missing '}'s or extra '{'s"}},
		{"condition on a definition", "@n1 $A=1\n@n2 $A=2\na $A", "a 1", nil},
		{"condition on a sequence", "@n1 ~SEQ(N,2) a${N}\n@n2 ~SEQ(N,2) b${N}", "a1; a2", nil},
		{"condition twice", "@n1 @n1 a", "@n1 a", nil},
		{"condition is judged before substitution", "$X=n1\n@${X} a\n@^${X} b", "b", nil},

		{"NUL", "a b\x00c\nd\n", "d", []string{"1:4/5! configuration appears to have embedded NULs - ignoring line"}},
		{"longest line", "a " + strings.Repeat("b", 1020) + "\nc", "a " + strings.Repeat("b", 1020) + "; c", nil},
		{"line too long", "a " + strings.Repeat("b", 1021) + "\nc", "c", []string{"1:1023/5 line too long - ignoring"}},
		{"comment too long", "# " + strings.Repeat("b", 1300) + "\nc", "c", []string{"1:1023/5 line too long - ignoring"}},

		{"self reference", "$IF=${IF}\na $IF\nb", "b", []string{"2:1/5! definition $IF refers to itself - ignoring line"}},
		{"self reference without braces", "$IF=$IF\na {\nb $IF\n}", "a{}", []string{"3:1/5! definition $IF refers to itself - ignoring line"}},
		{"self reference through others", "$A=x${B}\n$B=y${C}\n$C=${A}z\nb $A", "", []string{"4:1/5! definition $A refers to itself - ignoring line"}},
		{"self reference in multi-line", "$M= \\\n a \\\n $M\n$M\nb", "a; b", []string{"4:1/5! definition $M refers to itself - ignoring line"}},
		{"the same definition twice", "$A=x\n$B=${A}${A}\na ${B}${B}", "a xxxx", nil},
		{"include_check", "g { include_check readable +x match }", "g{include_check readable +x match}", []string{
			"1:19/5 Unknown include_check type 'readable' - ignoring", "1:28/5 Unknown include_check type 'x' - ignoring",
			"1:31/5 Duplicate include_check 'match' specified - ignoring",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tree, diags := parseString(t, tt.text, Options{})
			if got := compact(tree.Statements); got != tt.want {
				t.Errorf("tree\n got %s\nwant %s", got, tt.want)
			}
			if got := brief(diags); !slices.Equal(got, tt.diags) {
				t.Errorf("diagnostics\n got %q\nwant %q", got, tt.diags)
			}
		})
	}
}

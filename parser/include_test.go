package parser

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// outcome reads main.conf in dir and gives the tree and the diagnostics, with dir left out.
func outcome(t *testing.T, dir string, opt Options) (string, []string) {
	t.Helper()
	opt.ConfigID = "n1"
	text, diags, err := ReadFile(filepath.Join(dir, "main.conf"), opt)
	if err != nil {
		t.Fatal(err)
	}
	tree, more := Parse(text)
	messages := brief(append(diags, more...))
	for i := range messages {
		messages[i] = strings.ReplaceAll(messages[i], dir, "DIR")
	}
	return strings.ReplaceAll(compact(tree.Statements), dir, "DIR"), messages
}

func TestIncludes(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  string
		diags []string
	}{
		{"one file", map[string]string{"main.conf": "a\ninclude x.conf\nb", "x.conf": "x"}, "a; x; b", nil},
		{"absent", map[string]string{"main.conf": "include x.conf\nb"}, "b", []string{"1:9/0! Config files missing 'x.conf'."}},
		{"in alphabetical order", map[string]string{"main.conf": "include *.inc", "b.inc": "b", "a.inc": "a", "c.inc": "c", ".h.inc": "h"}, "a; b; c", nil},
		{"hidden files when asked for", map[string]string{"main.conf": "include .*.inc", ".h.inc": "h"}, "h", nil},
		{"classes", map[string]string{"main.conf": "include [^a].inc\ninclude ?b.inc", "a.inc": "a", "b.inc": "b", "cb.inc": "cb"}, "b; cb", nil},
		{"braces", map[string]string{"main.conf": "include {c,a}.inc", "a.inc": "a", "c.inc": "c"}, "c; a", nil},
		{"nested braces", map[string]string{"main.conf": "include {a,b{1,2}}.inc", "a.inc": "a", "b1.inc": "b1", "b2.inc": "b2"}, "a; b1; b2", nil},
		{"escaped wildcard", map[string]string{"main.conf": "include a\\*.inc", "a*.inc": "star", "ab.inc": "ab"}, "star", nil},
		{"relative to the including file", map[string]string{"main.conf": "include d/x.conf\ninclude y.conf", "d/x.conf": "x\ninclude y.conf", "d/y.conf": "dy", "y.conf": "y"}, "x; dy; y", nil},
		{"wildcard directory", map[string]string{"main.conf": "include */x.conf", "d/x.conf": "d", "e/x.conf": "e"}, "d; e", nil},
		{"in a block", map[string]string{"main.conf": "a {\ninclude x.conf\n}", "x.conf": "x\n}\nb {"}, "a{x}; b{}", nil},
		{"behind a brace", map[string]string{"main.conf": "a { include x.conf\n}", "x.conf": "x"}, "a{x}", nil},
		{"behind a brace swallows the line", map[string]string{"main.conf": "a { include x.conf }\n", "x.conf": "x"}, "a{...", []string{"1:13/0! Config files missing 'x.conf }'.", "1:3/5! There are 1 missing '}'s or extra '{'s"}},
		{"conditional", map[string]string{"main.conf": "@n1 include x.conf\n@n2 include y.conf", "x.conf": "x", "y.conf": "y"}, "x", nil},
		{"with substitution", map[string]string{"main.conf": "$A=x\ninclude ${A}.conf\n~SEQ(N,2) include y${N}.conf", "x.conf": "x", "y1.conf": "y1", "y2.conf": "y2"}, "x; y1; y2", nil},
		{"shares definitions", map[string]string{"main.conf": "$A=1\ninclude x.conf\nb $A", "x.conf": "a $A\n$A=2"}, "a 1; b 2", nil},
		{"directory of the file", map[string]string{"main.conf": "a ${_PWD}\ninclude d/x.conf\nb ${_PWD}", "d/x.conf": "c ${_PWD}"}, "a DIR; c DIR/d; b DIR", nil},
		{"the same file twice", map[string]string{"main.conf": "include x.conf\ninclude x.conf", "x.conf": "x"}, "x; x", nil},
		{"itself", map[string]string{"main.conf": "a\ninclude main.conf\nb"}, "a; b", []string{"2:9/5! configuration file 'main.conf' includes itself - skipping"}},
		{"each other", map[string]string{"main.conf": "a\ninclude x.conf\nb", "x.conf": "x\ninclude main.conf"}, "a; x; b", []string{"2:9/5! configuration file 'main.conf' includes itself - skipping"}},
		{"directory", map[string]string{"main.conf": "include d\ninclude *", "d/x": "x"}, "", []string{
			"1:9/0! Configuration file 'd/' is a directory - skipping",
			"2:9/0! Configuration file 'd/' is a directory - skipping",
			"2:9/5! configuration file 'main.conf' includes itself - skipping",
		}},
		{"not an include", map[string]string{"main.conf": "include\nincludex y\nincluded z\nincludemm z"}, "include; includex y; included z; includemm z", nil},
		{"quotes belong to the name", map[string]string{"main.conf": "include \"x.conf\"", "x.conf": "x"}, "", []string{"1:9/0! Config files missing '\"x.conf\"'."}},

		{"includer absent", map[string]string{"main.conf": "includer x.conf"}, "", []string{"1:10/0! Config files missing 'x.conf'."}},
		{"includer directory", map[string]string{"main.conf": "includer d", "d/x": ""}, "", []string{"1:10/6! Configuration file 'd/' is a directory - skipping"}},
		{"includem absent", map[string]string{"main.conf": "includem x.conf"}, "", []string{"1:10/6! Config files missing 'x.conf'."}},
		{"includem wildcard", map[string]string{"main.conf": "includem x*.conf"}, "", nil},
		{"includem braces", map[string]string{"main.conf": "includem {x,y}.conf"}, "", []string{"1:10/0! Config files missing '{x,y}.conf'."}},
		{"includew absent", map[string]string{"main.conf": "includew x.conf"}, "", []string{"1:10/6! Config files missing 'x.conf'."}},
		{"includew wildcard", map[string]string{"main.conf": "includew x*.conf"}, "", []string{"1:10/6! No config files matched 'x*.conf'."}},
		{"include some of the alternatives", map[string]string{"main.conf": "include {x,y}.conf", "x.conf": "x"}, "x", []string{"1:9/0! Some config files missing: \"{x,y}.conf\"."}},
		{"includeb some of the alternatives", map[string]string{"main.conf": "includeb {x,y}.conf", "x.conf": "x"}, "", []string{"1:10/6! Some config files missing: \"{x,y}.conf\"."}},
		{"includeb none of the alternatives", map[string]string{"main.conf": "includeb {x,y}.conf"}, "", []string{"1:10/6! Config files missing '{x,y}.conf'."}},
		{"includea some of the alternatives", map[string]string{"main.conf": "includea {x,y}.conf", "x.conf": "x"}, "", []string{"1:10/6! Some config files missing: \"{x,y}.conf\"."}},
		{"includea wildcard", map[string]string{"main.conf": "includea x*.conf"}, "", []string{"1:10/6! No config files matched 'x*.conf'."}},
		{"includea all there", map[string]string{"main.conf": "includea {x,y}.conf", "x.conf": "x", "y.conf": "y"}, "x; y", nil},
		{"absent directory", map[string]string{"main.conf": "include d/*.conf"}, "", []string{"1:9/0! Config files missing 'd/*.conf'."}},

		{"include_check", map[string]string{"main.conf": "g { include_check }\ninclude x.conf\ninclude y*.conf"}, "g{include_check}", []string{"2:9/6! Config files missing 'x.conf'.", "3:9/6! No config files matched 'y*.conf'."}},
		{"include_check of one kind", map[string]string{"main.conf": "include_check match\ninclude x.conf\ninclude y*.conf"}, "include_check match", []string{"2:9/6! Config files missing 'x.conf'."}},
		{"include_check taken back", map[string]string{"main.conf": "include_check\ninclude_check -match\ninclude x.conf\ninclude y*.conf"}, "include_check; include_check -match", []string{"3:9/0! Config files missing 'x.conf'.", "4:9/6! No config files matched 'y*.conf'."}},
		{"include_check is put back", map[string]string{"main.conf": "include x.conf\ninclude y.conf", "x.conf": "include_check"}, "include_check", []string{"2:9/0! Config files missing 'y.conf'."}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range tt.files {
				write(t, dir, name, text)
			}
			got, diags := outcome(t, dir, Options{})
			if got != tt.want {
				t.Errorf("tree\n got %s\nwant %s", got, tt.want)
			}
			if !slices.Equal(diags, tt.diags) {
				t.Errorf("diagnostics\n got %q\nwant %q", diags, tt.diags)
			}
		})
	}
}

func TestRequireIncludes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "main.conf", "include x.conf")
	if _, diags := outcome(t, dir, Options{RequireIncludes: true}); !slices.Equal(diags, []string{"1:9/6! Config files missing 'x.conf'."}) {
		t.Errorf("got %q", diags)
	}
}

func TestExecutableFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "main.conf", "include x.conf\nincluder x.conf")
	write(t, dir, "x.conf", "x")
	if err := os.Chmod(filepath.Join(dir, "x.conf"), 0o645); err != nil {
		t.Fatal(err)
	}
	got, diags := outcome(t, dir, Options{})
	want := []string{
		"1:9/0! Configuration file 'x.conf' is not a regular non-executable file - skipping",
		"2:10/6! Configuration file 'x.conf' is not a regular non-executable file - skipping",
	}
	if got != "" || !slices.Equal(diags, want) {
		t.Errorf("got %q %q", got, diags)
	}
}

func TestMainFile(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "b.conf", "b {")
	write(t, dir, "c.conf", "c }\nnofile")
	write(t, dir, "d/x", "")
	for _, pattern := range []string{"none.conf", "none*.conf", "d", ""} {
		_, diags, err := ReadFile(filepath.Join(dir, pattern), Options{})
		if !errors.Is(err, ErrNoMainFile) || len(diags) != 1 || diags[0].Status != StatusSecurity {
			t.Errorf("%s: %v, %v", pattern, err, diags)
		}
	}
	text, diags, err := ReadFile(filepath.Join(dir, "*.conf"), Options{})
	if err != nil || len(diags) != 0 {
		t.Fatal(err, diags)
	}
	tree, _ := Parse(text)
	if got := compact(tree.Statements); got != "b{c}; nofile" {
		t.Errorf("got %s", got)
	}
	if len(tree.Sources) != 2 || tree.Statements[1].Pos().String() != filepath.Join(dir, "c.conf")+":2:1" {
		t.Errorf("sources %v, last statement at %v", tree.Sources, tree.Statements[1].Pos())
	}
}

func TestIncludedPositionNamesItsFile(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "main.conf", "a\ninclude d/*.conf\n")
	write(t, dir, "d/x.conf", "\n}")
	text, _, err := ReadFile(filepath.Join(dir, "main.conf"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, diags := Parse(text)
	if len(diags) != 1 || diags[0].String() != "d/x.conf:2:1: warning: Extra '}' found" || diags[0].Excerpt() != "}\n^" {
		t.Errorf("got %v", diags)
	}
}

package fsm

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestPure holds the package to its promise: no clock, no goroutine, no log, nothing from outside.
func TestPure(t *testing.T) {
	allowed := map[string]bool{"net/netip": true, "time": true}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		seen++
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			if path, _ := strconv.Unquote(spec.Path.Value); !allowed[path] {
				t.Errorf("%s imports %s", name, path)
			}
		}
		for _, fault := range impurities(file) {
			t.Errorf("%s: %s", name, fault)
		}
	}
	if seen < 5 {
		t.Errorf("only %d source files were looked at", seen)
	}
}

// impurities lists the go statements, channels, and functions of package time that look at or wait for the clock.
func impurities(file *ast.File) []string {
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = append(found, "go statement")
		case *ast.ChanType:
			found = append(found, "channel")
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && clocks[n.Sel.Name] {
				found = append(found, "time."+n.Sel.Name)
			}
		}
		return true
	})
	return found
}

var clocks = map[string]bool{
	"Now": true, "Since": true, "Until": true, "Sleep": true, "After": true, "AfterFunc": true, "Tick": true,
	"NewTimer": true, "NewTicker": true,
}

// TestPureFindsImpurity shows that the test above can fail.
func TestPureFindsImpurity(t *testing.T) {
	const source = `package x
import "time"
var c chan int
func f() { go f(); _ = time.Now(); time.NewTimer(1) }`
	file, err := parser.ParseFile(token.NewFileSet(), "x.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := impurities(file); len(got) != 4 {
		t.Errorf("found %q, want four", got)
	}
}

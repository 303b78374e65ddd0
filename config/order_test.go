package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"keepalived-go/parser"
)

// What is found out when all is read stands where it belongs, also where files include others.
func TestDiagnosticsAreInTheOrderOfTheText(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	instance := func(name string, vrid int, more string) string {
		return fmt.Sprintf("vrrp_instance %s {\n\tinterface eth0\n\tvirtual_router_id %d\n\tstate MASTER\n\tnopreempt\n\tpriority 9\n%s\tvirtual_ipaddress {\n\t\t192.0.2.%d\n\t}\n}\n", name, vrid, more, vrid)
	}
	write("inner.conf", instance("I", 2, "\tfoo\n"))
	write("late.conf", "bar\n"+instance("L", 4, ""))
	main := write("main.conf", instance("A", 1, "\tbaz\n")+"include inner.conf\nqux\n"+instance("B", 3, "")+"include late.conf\nquux\n")
	text, diags, err := parser.ReadFile(main, parser.Options{ConfigID: "id"})
	if err != nil || len(diags) > 0 {
		t.Fatal(err, diags)
	}
	tree, more := parser.Parse(text)
	_, found := Decode(tree, Env{})
	var got []string
	for _, d := range append(more, found...) {
		got = append(got, fmt.Sprintf("%s:%d", filepath.Base(d.Pos.Source.Name), d.Pos.Line))
	}
	want := []string{"main.conf:1", "main.conf:7", "inner.conf:1", "inner.conf:7", "main.conf:13", "main.conf:14", "late.conf:1", "late.conf:2", "main.conf:25"}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestReadingOrder(t *testing.T) {
	a, b := &parser.Source{Name: "a"}, &parser.Source{Name: "b"}
	var o readingOrder
	for _, p := range []parser.Position{{Source: a, Line: 1}, {Source: a, Line: 3}, {Source: b, Line: 2}, {Source: b, Line: 9}, {Source: a, Line: 5}, {Source: b, Line: 2}, {Source: b, Line: 9}, {Source: a, Line: 8}} {
		o.mark(p)
	}
	var list []parser.Diagnostic
	for i, p := range []parser.Position{{}, {Source: a, Line: 8}, {Source: b, Line: 4}, {Source: a, Line: 2}, {Source: b, Line: 2, Column: 7}, {Source: b, Line: 2, Column: 3}, {Source: a, Line: 5}, {Source: b, Line: 2, Column: 3}} {
		list = append(list, parser.Diagnostic{Pos: p, Message: fmt.Sprint(i)})
	}
	o.sort(list)
	got := ""
	for _, d := range list {
		got += d.Message
	}
	if got != "35742610" {
		t.Errorf("order %s", got)
	}
}

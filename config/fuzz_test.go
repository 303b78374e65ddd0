package config

import (
	"os"
	"strings"
	"testing"

	"keepalived-go/parser"
)

// Whatever the text, Decode ends with a configuration, and every fault that counts has a place and a message.
func FuzzDecode(f *testing.F) {
	for _, dir := range []string{"testdata/conf/good", "testdata/conf/bad"} {
		files, err := os.ReadDir(dir)
		if err != nil {
			f.Fatal(err)
		}
		for _, e := range files {
			text, err := os.ReadFile(dir + "/" + e.Name())
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	var rows strings.Builder
	Walk(func(path string, k *Keyword) {
		if strings.Count(path, "/") == 1 {
			rows.WriteString(k.Name + "\n")
			rows.WriteString(k.Name + " 1 2 3 {\n}\n")
		}
	})
	f.Add("vrrp_instance V {\n" + rows.String())
	f.Add("global_defs {\n" + rows.String())
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "include") {
			return // the files of the host are no input
		}
		src, _ := parser.ReadString("fuzz.conf", text, parser.Options{ConfigID: "id"})
		tree, _ := parser.Parse(src)
		c, diags := Decode(tree, Env{})
		for _, d := range diags {
			if d.Message == "" || d.Pos.Source == nil {
				t.Errorf("a fault without place or message: %+v", d)
			}
		}
		Dump(c)
		if changes := Diff(c, c); len(changes) != 0 {
			t.Errorf("a configuration differs from itself: %+v", changes)
		}
	})
}

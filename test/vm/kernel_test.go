package vm

import (
	"slices"
	"testing"
)

const dependencies = `kernel/net/a.ko:
kernel/net/b-one.ko: kernel/net/a.ko
kernel/net/c.ko: kernel/net/b-one.ko kernel/net/a.ko
kernel/net/d.ko.xz: kernel/net/a.ko
`

func TestLoadOrder(t *testing.T) {
	for _, row := range []struct {
		name        string
		names, want []string
		fails       bool
	}{
		{name: "nothing"},
		{name: "alone", names: []string{"a"}, want: []string{"kernel/net/a.ko"}},
		{name: "what is needed comes first", names: []string{"c"}, want: []string{"kernel/net/a.ko", "kernel/net/b-one.ko", "kernel/net/c.ko"}},
		{name: "each once", names: []string{"b_one", "d"}, want: []string{"kernel/net/a.ko", "kernel/net/b-one.ko", "kernel/net/d.ko.xz"}},
		{name: "unknown", names: []string{"a", "e"}, fails: true},
	} {
		got, err := loadOrder(dependencies, row.names)
		if (err != nil) != row.fails || !slices.Equal(got, row.want) {
			t.Errorf("%s: %v, %v, want %v", row.name, got, err, row.want)
		}
	}
}

package daemon

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestDeadChildren(t *testing.T) {
	proc := t.TempDir()
	for pid, stat := range map[string]string{
		"2":    "2 (sh) Z 1 2 2 0",
		"3":    "3 (sh) S 1 3 3 0",
		"4":    "4 (sh) Z 3 4 4 0",
		"5":    "5 (a) Z 2 (b) Z 1 5 5 0",
		"6":    "6 (cut",
		"7":    "",
		"self": "8 (sh) Z 1 8 8 0",
	} {
		if err := os.Mkdir(filepath.Join(proc, pid), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(proc, pid, "stat"), []byte(stat), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := deadChildren(proc, 1), []int{2, 5}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestReapOld leaves to others what was not seen often in a row.
func TestReapOld(t *testing.T) {
	var reaped []int
	reap := func(pid int) { reaped = append(reaped, pid) }
	seen := map[int]int{}
	for look, row := range []struct {
		dead, reaped []int
		seen         map[int]int
	}{
		{[]int{5, 6}, nil, map[int]int{5: 1, 6: 1}},
		{[]int{5}, nil, map[int]int{5: 2}},
		{[]int{5, 6}, []int{5}, map[int]int{6: 1}},
		{nil, []int{5}, map[int]int{}},
	} {
		seen = reapOld(seen, row.dead, reap)
		if !maps.Equal(seen, row.seen) || !slices.Equal(reaped, row.reaped) {
			t.Errorf("look %d: reaped %v, seen %v, want %v and %v", look+1, reaped, seen, row.reaped, row.seen)
		}
	}
}

package vrrp

import "testing"

// TestWishes has a thing wanted elsewhere as long as one other instance wants it.
func TestWishes(t *testing.T) {
	w := newWishes[string]()
	expect := func(when string, a, b, c bool) {
		t.Helper()
		for key, want := range map[string]bool{"a": a, "b": b, "c": c} {
			if got := w.elsewhere(key, "x"); got != want {
				t.Errorf("%s: wanted elsewhere than by %s: %v", when, key, got)
			}
		}
	}
	expect("nobody", false, false, false)
	w.set("a", []string{"x", "y", "x"})
	expect("a", false, true, true)
	w.set("b", []string{"x"})
	expect("a and b", true, true, true)
	w.set("b", []string{"y"})
	expect("b wants something else", false, true, true)
	w.set("a", nil)
	w.set("b", nil)
	expect("nobody again", false, false, false)
	if len(w.things) != 0 || len(w.keys) != 0 {
		t.Errorf("left over: %v", w)
	}
}

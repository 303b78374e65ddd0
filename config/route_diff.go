package config

import "fmt"

// DiffRoutes lists the routes of before that after does not have, and those of after that before does not have, in
// their orders. A route that changes is in both lists. A route that is there twice counts once.
func DiffRoutes(before, after []Route) (removed, added []Route) { return differ(before, after) }

// DiffRules is DiffRoutes for rules.
func DiffRules(before, after []Rule) (removed, added []Rule) { return differ(before, after) }

func differ[T fmt.Stringer](before, after []T) (removed, added []T) {
	return without(before, after), without(after, before)
}

// without lists what is in a and not in b, each once. The texts stand for the values: they say all of them.
func without[T fmt.Stringer](a, b []T) []T {
	seen := make(map[string]bool, len(a)+len(b))
	for _, v := range b {
		seen[v.String()] = true
	}
	var out []T
	for _, v := range a {
		if s := v.String(); !seen[s] {
			seen[s] = true
			out = append(out, v)
		}
	}
	return out
}

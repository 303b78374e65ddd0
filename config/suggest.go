package config

import "strings"

// suggest says what the user may have meant by a word that is no keyword of the block: one of the block that is
// spelt nearly so, or the place where the word belongs.
func (t *table) suggest(b *Block, word string) string {
	if near := nearest(word, b.byName); near != "" {
		return `did you mean "` + near + `"?`
	}
	if places := t.places[word]; len(places) > 0 {
		return "it belongs into " + placeList(places)
	}
	if near := nearest(word, t.places); near != "" {
		return `did you mean "` + near + `", which belongs into ` + placeList(t.places[near]) + "?"
	}
	return ""
}

// placeList names at most three blocks.
func placeList(places []string) string {
	names := make([]string, 0, 3)
	for _, p := range places {
		if p == "" {
			p = "no block at all"
		}
		if len(names) == 3 {
			return strings.Join(names, ", ") + " and others"
		}
		names = append(names, p)
	}
	return strings.Join(names, ", ")
}

// nearest finds the key that is most like a word. "" means that none is near: about one fault in three letters.
func nearest[V any](word string, keys map[string]V) string {
	limit := min(len(word)/3, 3)
	best, name := limit+1, ""
	for k := range keys {
		if abs(len(k)-len(word)) > limit || strings.HasPrefix(k, "<") {
			continue
		}
		if n := distance(word, k, limit); n < best || n == best && n <= limit && k < name {
			best, name = n, k
		}
	}
	return name
}

func abs(n int) int { return max(n, -n) }

// distance counts the letters to insert, remove, change or swap with their neighbour, without regard to case.
// A result above limit only says that it is more.
func distance(a, b string, limit int) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if len(a) > 64 || len(b) > 64 {
		return limit + 1
	}
	var rows [3][65]int
	for j := range len(b) + 1 {
		rows[1][j] = j
	}
	for i := 1; i <= len(a); i++ {
		rows[2] = rows[0]
		rows[0] = rows[1]
		old, last := rows[2], rows[0]
		cur := &rows[1]
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(last[j]+1, cur[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], old[j-2]+1)
			}
		}
	}
	return rows[1][len(b)]
}

// hint is nearest as a question. It looks only so often, so that a text full of faults is not slow to read.
func hint[V any](d *decoder, word string, keys map[string]V) string {
	if d.suggestions++; d.suggestions > maxSuggestions {
		return ""
	}
	if near := nearest(word, keys); near != "" {
		return `did you mean "` + near + `"?`
	}
	return ""
}

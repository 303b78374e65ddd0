package vrrp

// wishes tell which instances want a thing to be in the kernel. Several may want the same one, as two Masters with one
// virtual route do: it goes when nobody wants it any more, not with the first who gives it up.
type wishes[T comparable] struct {
	things map[string][]T            // by key of the instance
	keys   map[T]map[string]struct{} // the other way round
}

func newWishes[T comparable]() wishes[T] {
	return wishes[T]{things: map[string][]T{}, keys: map[T]map[string]struct{}{}}
}

// set makes things what an instance wants, and nothing else.
func (w wishes[T]) set(key string, things []T) {
	for _, t := range w.things[key] {
		if delete(w.keys[t], key); len(w.keys[t]) == 0 {
			delete(w.keys, t)
		}
	}
	delete(w.things, key)
	if len(things) > 0 {
		w.things[key] = things
	}
	for _, t := range things {
		if w.keys[t] == nil {
			w.keys[t] = map[string]struct{}{}
		}
		w.keys[t][key] = struct{}{}
	}
}

// elsewhere tells whether an instance other than this one wants a thing.
func (w wishes[T]) elsewhere(key string, thing T) bool {
	keys := w.keys[thing]
	_, own := keys[key]
	return len(keys) > 1 || len(keys) == 1 && !own
}

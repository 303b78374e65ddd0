package lab

import (
	"context"
	"fmt"
	"sync"
)

// Record is a growing list that readers can wait on. The zero value is ready.
type Record[T any] struct {
	mu    sync.Mutex
	items []T
	grown chan struct{}
}

// Add appends an item and wakes every waiter.
func (r *Record[T]) Add(item T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.items = append(r.items, item)
	if r.grown != nil {
		close(r.grown)
		r.grown = nil
	}
}

// Len is the number of items so far: a mark for Since and Wait.
func (r *Record[T]) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.items)
}

// Since returns the items from mark on.
func (r *Record[T]) Since(mark int) []T {
	items, _ := r.from(mark)
	return items
}

func (r *Record[T]) from(mark int) ([]T, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.grown == nil {
		r.grown = make(chan struct{})
	}
	return r.items[mark:len(r.items):len(r.items)], r.grown
}

// Wait returns the first item from mark on that matches, as soon as there is
// one. what says in the error what was waited for.
func (r *Record[T]) Wait(ctx context.Context, mark int, what string, match func(T) bool) (T, error) {
	for {
		items, grown := r.from(mark)
		for _, item := range items {
			if match(item) {
				return item, nil
			}
		}
		mark += len(items)
		select {
		case <-grown:
		case <-ctx.Done():
			var none T
			return none, fmt.Errorf("waiting for %s: %w", what, ctx.Err())
		}
	}
}

package notify

import (
	"sync"
	"syscall"
)

// groups are the process groups of scripts that must not outlive this process.
type groups struct {
	mu    sync.Mutex
	bound map[int]bound    // those whose script runs and has an Until
	asked map[int]struct{} // those that were asked to end and have not been killed
}

// bound is a script that ends when until is closed; ended is closed when it has.
type bound struct{ until, ended <-chan struct{} }

func (g *groups) bind(group int, until, ended <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.bound == nil {
		g.bound = map[int]bound{}
	}
	g.bound[group] = bound{until, ended}
}

func (g *groups) release(group int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.bound, group)
}

func (g *groups) ask(group int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.asked == nil {
		g.asked = map[int]struct{}{}
	}
	g.asked[group] = struct{}{}
}

// kill ends a group that was asked to end, once.
func (g *groups) kill(group int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.asked[group]; ok {
		delete(g.asked, group)
		_ = syscall.Kill(-group, syscall.SIGKILL)
	}
}

// await waits for the scripts that are to end now.
func (g *groups) await() {
	g.mu.Lock()
	var ends []<-chan struct{}
	for _, b := range g.bound {
		if closed(b.until) {
			ends = append(ends, b.ended)
		}
	}
	g.mu.Unlock()
	for _, ended := range ends {
		<-ended
	}
}

// killAll ends every group that is to end now.
func (g *groups) killAll() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for group, b := range g.bound {
		if closed(b.until) {
			_ = syscall.Kill(-group, syscall.SIGKILL)
		}
	}
	for group := range g.asked {
		_ = syscall.Kill(-group, syscall.SIGKILL)
	}
	clear(g.asked)
}

// closed tells whether a channel that nothing is sent on is closed.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

package daemon

import (
	"context"
	"os"
	"testing"
	"time"

	"keepalived-go/config"
	"keepalived-go/parser"
)

// stuckEngine judges a configuration for as long as it is held.
type stuckEngine struct{ asked, held chan struct{} }

func (e *stuckEngine) Run(ctx context.Context) error { <-ctx.Done(); return nil }
func (e *stuckEngine) Check(config.Config) error     { close(e.asked); <-e.held; return nil }
func (e *stuckEngine) Reload(config.Config) error    { return nil }

// A child that is busy with a new configuration, or whose kernel does not answer, hears of a stop all the same.
func TestStopWhileReloading(t *testing.T) {
	for name, stop := range map[string]func(parent *outbox, end func()){
		"told":               func(parent *outbox, _ func()) { parent.put(message{Kind: kindStop}) },
		"the parent is gone": func(_ *outbox, end func()) { end() },
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := socketPair(t)
			e := &stuckEngine{asked: make(chan struct{}), held: make(chan struct{})}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			crash, err := newCrashFile()
			if err != nil {
				t.Fatal(err)
			}
			c := &child{heritage: heritage{conn: theirs, parentCrash: crash}, log: newLog(Options{NoSyslog: true}, roleChecker), engine: e, cancel: cancel}
			c.outbox.init(theirs)
			done := make(chan struct{})
			go func() { defer close(done); c.listen() }()
			src, _ := parser.ReadString("test.conf", "", parser.Options{})
			text, err := sealedText(src)
			if err != nil {
				t.Fatal(err)
			}
			var parent outbox
			parent.init(ours)
			parent.put(message{Kind: kindCheck, Generation: 2, files: []*os.File{text}})
			<-e.asked
			stop(&parent, func() { _ = ours.Close() })
			select {
			case <-ctx.Done():
			case <-time.After(testPatience):
				t.Error("the stop waits for the check")
			}
			close(e.held)
			<-done
			c.outbox.close()
		})
	}
}

package vm

import (
	"strings"
	"testing"
	"time"
)

// events are of a package with a test that passes, one that fails inside, one
// that is skipped and one that never ends.
const events = `{"Action":"start"}
{"Action":"run","Test":"TestA"}
{"Action":"output","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"pass","Test":"TestA","Elapsed":0.5}
{"Action":"run","Test":"TestB"}
{"Action":"run","Test":"TestB/one"}
{"Action":"output","Test":"TestB/one","Output":"why\n"}
{"Action":"fail","Test":"TestB/one","Elapsed":0}
{"Action":"fail","Test":"TestB","Elapsed":1}
{"Action":"skip","Test":"TestC","Elapsed":0}
{"Action":"run","Test":"TestD"}
{"Action":"output","Test":"TestD","Output":"panic: too late\n"}
{"Action":"output","Output":"exit status 2\n"}
`

func TestCollect(t *testing.T) {
	var live strings.Builder
	c := newCollector(&live)
	if err := c.read(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	want := []TestResult{
		{Name: "TestA", Action: "pass", Elapsed: 500 * time.Millisecond, Output: "=== RUN   TestA\n"},
		{Name: "TestB", Action: "fail", Elapsed: time.Second},
		{Name: "TestB/one", Action: "fail", Output: "why\n"},
		{Name: "TestC", Action: "skip"},
		{Name: "TestD", Output: "panic: too late\n"},
	}
	got := c.results()
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
	if live.String() != "=== RUN   TestA\nwhy\npanic: too late\nexit status 2\n" || c.loose.String() != "exit status 2\n" || !c.failed() {
		t.Errorf("live %q, loose %q, failed %v", live.String(), c.loose.String(), c.failed())
	}
	if err := newCollector(nil).read(strings.NewReader("no JSON")); err == nil {
		t.Error("no error for what is no event")
	}
}

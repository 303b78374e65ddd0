package netif

import "testing"

// TestBuffers sets the buffers of both kinds of socket, and takes them back to what they were.
func TestBuffers(t *testing.T) {
	enterNamespace(t)
	h := open(t)
	m, await := watch(t)
	await("the loopback", hasLink("lo", Link.Ready))
	changes := func() (got int) {
		t.Helper()
		if err := m.raw.Control(func(fd uintptr) { got, _ = room(int(fd)) }); err != nil {
			t.Fatal(err)
		}
		return got
	}
	requests := func(c *conn) int {
		t.Helper()
		got, err := room(c.fd)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	usual := [3]int{changes(), requests(m.conn), requests(h.conn)}
	for _, row := range []struct {
		changes, requests Buffer
		want              [3]int // the kernel doubles what it is asked for
	}{
		{Buffer{Bytes: 20000}, Buffer{Bytes: 30000}, [3]int{40000, 60000, 60000}},
		{Buffer{Bytes: 50 << 20, Force: true}, Buffer{Bytes: 60 << 20, Force: true}, [3]int{100 << 20, 120 << 20, 120 << 20}},
		{Buffer{}, Buffer{Force: true}, usual},
	} {
		if err := m.SetBuffers(row.changes, row.requests); err != nil {
			t.Error(err)
		}
		if err := h.SetBuffer(row.requests); err != nil {
			t.Error(err)
		}
		if got := [3]int{changes(), requests(m.conn), requests(h.conn)}; got != row.want {
			t.Errorf("%+v, %+v: buffers of %v, want %v", row.changes, row.requests, got, row.want)
		}
	}
	ip(t, "link add a0 type veth peer name b0")
	await("a change afterwards", hasLink("a0", func(Link) bool { return true }))
}

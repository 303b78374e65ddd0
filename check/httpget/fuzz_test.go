package httpget

import (
	"runtime"
	"testing"

	"keepalived-go/config"
)

// FuzzReply reads any bytes in pieces of any size. The answer is the same however the body is cut, but for regular
// expressions, and no byte is digested beyond the length.
func FuzzReply(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd"), 5)
	f.Add([]byte("HTTP/1.1 200\r\n\r\n"), 1)
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"), 3)
	f.Add([]byte(" 200 \r\n\r\n\xffab(("), 4000)
	f.Add([]byte("HTTP/1.1 404 No\r\nContent-Length: \r\n\r\n0\r\n\r\n"), 2)
	want := regex(f, config.Regex{Pattern: `(?<=a)b+c`, MinOffset: 2, MaxOffset: 90, HasMax: true})
	f.Fuzz(func(t *testing.T, text []byte, size int) {
		size = min(max(size, 1), bufferSize)
		cut, whole := feed(text, size, want), feed(text, bufferSize, Want{})
		a, b := cut.result(), whole.result()
		if a.Status != b.Status || a.Length != b.Length || a.Digest != b.Digest || a.Announced != b.Announced || cut.complete != whole.complete {
			t.Errorf("%d at a time: %+v, at once: %+v", size, a, b)
		}
		if a.Status != 0 && (a.Status < 0 || a.Status > 999) {
			t.Errorf("status %d", a.Status)
		}
		_ = judge(want, cut, &a)
		runtime.KeepAlive(want)
	})
}

// feed gives a reply to the reader.
func feed(text []byte, size int, want Want) *reply {
	r := newReply(want, nil)
	for len(text) > 0 && len(r.space()) > 0 {
		n := copy(r.space(), text[:min(size, len(text))])
		r.took(n)
		text = text[n:]
	}
	return r
}

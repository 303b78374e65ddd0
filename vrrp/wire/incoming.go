package wire

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Implementation constants.
const (
	// batchSize is how many datagrams one call takes from the kernel.
	batchSize = 64
	// bufferSize holds the longest advert: 20 bytes of IP header, 24 of AH, 8 of VRRP, 255 addresses, authentication
	// data and trailer. A longer datagram is cut, which its own length field then shows.
	bufferSize = 2048
	// maxAge is the greatest age of a datagram that is believed. Beyond it the clock was set, not the datagram late.
	maxAge = 10 * time.Second
)

// incoming is the memory of recvmmsg.
type incoming struct {
	messages [batchSize]mmsghdr
	vectors  [batchSize]unix.Iovec
	buffers  [batchSize][bufferSize]byte
	controls [batchSize][64]byte
}

func newIncoming() *incoming {
	in := new(incoming)
	for i := range in.messages {
		in.vectors[i].Base = &in.buffers[i][0]
		in.vectors[i].SetLen(bufferSize)
		h := &in.messages[i].header
		h.Iov = &in.vectors[i]
		h.SetIovlen(1)
		h.Control = &in.controls[i][0]
	}
	return in
}

// receive takes at most a batch from the kernel.
func (in *incoming) receive(fd uintptr) (int, error) {
	for i := range in.messages {
		in.messages[i].header.SetControllen(len(in.controls[i]))
	}
	return recvmmsg(fd, in.messages[:])
}

// datagram is the bytes of message i.
func (in *incoming) datagram(i int) []byte {
	return in.buffers[i][:in.messages[i].length]
}

// stamp is the kernel's receive time of message i in nanoseconds of the wall clock.
func (in *incoming) stamp(i int) (int64, bool) {
	rest := in.controls[i][:in.messages[i].header.Controllen]
	for len(rest) > 0 {
		header, data, remainder, err := unix.ParseOneSocketControlMessage(rest)
		if err != nil {
			return 0, false
		}
		if header.Level == unix.SOL_SOCKET && header.Type == unix.SCM_TIMESTAMPNS && len(data) >= int(unsafe.Sizeof(unix.Timespec{})) {
			return (*unix.Timespec)(unsafe.Pointer(&data[0])).Nano(), true
		}
		rest = remainder
	}
	return 0, false
}

// arrival maps the kernel's receive time, which is of the wall clock, onto the monotonic clock of now. The wall clock
// may have been set in between, so the result is never after now, never more than maxAge before it, and never before
// empty, the last time when nothing waited on the socket.
func arrival(now, empty time.Time, stamp int64) time.Time {
	age := time.Duration(now.UnixNano() - stamp)
	age = min(age, maxAge, now.Sub(empty))
	return now.Add(-max(age, 0))
}

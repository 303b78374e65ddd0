package wire

import (
	"encoding/binary"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Implementation constants.
const (
	// batchSize is how many datagrams one call takes from the kernel.
	batchSize = 64
	// bufferSize holds the longest advert: 40 bytes of IPv6 header, 8 of VRRP, 255 addresses, and a trailer. A longer
	// datagram is cut, which its own length field then shows.
	bufferSize = 4608
	// maxAge is the greatest age of a datagram that is believed. Beyond it the clock was set, not the datagram late.
	maxAge = 10 * time.Second
)

// incoming is the memory of recvmmsg. Before each buffer there is room for an IPv6 header, which the kernel keeps.
type incoming struct {
	messages [batchSize]mmsghdr
	vectors  [batchSize]unix.Iovec
	buffers  [batchSize][ipv6HeaderLength + bufferSize]byte
	controls [batchSize][128]byte
	sources  [batchSize]unix.RawSockaddrInet6
}

func newIncoming() *incoming {
	in := new(incoming)
	for i := range in.messages {
		in.vectors[i].Base = &in.buffers[i][ipv6HeaderLength]
		in.vectors[i].SetLen(bufferSize)
		h := &in.messages[i].header
		h.Iov = &in.vectors[i]
		h.SetIovlen(1)
		h.Control = &in.controls[i][0]
		h.Name = (*byte)(unsafe.Pointer(&in.sources[i]))
	}
	return in
}

// receive takes at most a batch from the kernel.
func (in *incoming) receive(fd uintptr) (int, error) {
	for i := range in.messages {
		in.messages[i].header.SetControllen(len(in.controls[i]))
		in.messages[i].header.Namelen = unix.SizeofSockaddrInet6
	}
	return recvmmsg(fd, in.messages[:])
}

// datagram is the bytes of message i of an IPv4 socket.
func (in *incoming) datagram(i int) []byte {
	return in.buffers[i][ipv6HeaderLength:][:in.messages[i].length]
}

// datagram6 is message i of an IPv6 socket with the header that the kernel has taken off, made again from what it
// tells about it. The flow label is left out, and so is what stood in extension headers.
func (in *incoming) datagram6(i int, c control) []byte {
	length := in.messages[i].length
	b := in.buffers[i][:ipv6HeaderLength+length]
	b[0], b[1], b[2], b[3] = 6<<4, 0, 0, 0
	binary.BigEndian.PutUint16(b[4:], uint16(length))
	b[6], b[7] = protocolVRRP, c.hopLimit
	copy(b[8:], in.sources[i].Addr[:])
	copy(b[24:], c.destination[:])
	return b
}

// control is what the kernel tells about a datagram.
type control struct {
	stamp       int64 // receive time in nanoseconds of the wall clock
	stamped     bool
	hopLimit    uint8    // of IPv6
	destination [16]byte // of IPv6
}

// control reads what the kernel tells about message i.
func (in *incoming) control(i int) (c control) {
	rest := in.controls[i][:in.messages[i].header.Controllen]
	for len(rest) > 0 {
		header, data, remainder, err := unix.ParseOneSocketControlMessage(rest)
		if err != nil {
			return c
		}
		switch {
		case header.Level == unix.SOL_SOCKET && header.Type == unix.SCM_TIMESTAMPNS && len(data) >= int(unsafe.Sizeof(unix.Timespec{})):
			c.stamp, c.stamped = (*unix.Timespec)(unsafe.Pointer(&data[0])).Nano(), true
		case header.Level == unix.IPPROTO_IPV6 && header.Type == unix.IPV6_HOPLIMIT && len(data) >= 4:
			c.hopLimit = uint8(binary.NativeEndian.Uint32(data))
		case header.Level == unix.IPPROTO_IPV6 && header.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			c.destination = [16]byte(data)
		}
		rest = remainder
	}
	return c
}

// arrival maps the kernel's receive time, which is of the wall clock, onto the monotonic clock of now. The wall clock
// may have been set in between, so the result is never after now, never more than maxAge before it, and never before
// empty, the last time when nothing waited on the socket.
func arrival(now, empty time.Time, stamp int64) time.Time {
	age := time.Duration(now.UnixNano() - stamp)
	age = min(age, maxAge, now.Sub(empty))
	return now.Add(-max(age, 0))
}

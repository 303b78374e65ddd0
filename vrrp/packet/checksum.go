package packet

import "encoding/binary"

// sum adds the octets of b to acc as 16-bit words in network order (RFC 1071). An odd last octet is padded with zero.
func sum(acc uint32, b []byte) uint32 {
	for len(b) >= 2 {
		acc += uint32(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		acc += uint32(b[0]) << 8
	}
	return acc
}

// finish folds the carries and takes the complement. Over octets that contain a right checksum it gives 0.
func finish(acc uint32) uint16 {
	for acc > 0xffff {
		acc = acc>>16 + acc&0xffff
	}
	return ^uint16(acc)
}

// pseudoIPv4 is the sum over the pseudo-header that version 3 puts before the message (RFC 5798 section 5.2.8).
func pseudoIPv4(src, dst [4]byte, length int) uint32 {
	return sum(sum(0, src[:]), dst[:]) + Protocol + uint32(length)
}

// pseudoIPv6 is the sum over the pseudo-header of RFC 8200 section 8.1.
func pseudoIPv6(src, dst [16]byte, length int) uint32 {
	return sum(sum(0, src[:]), dst[:]) + Protocol + uint32(length)
}

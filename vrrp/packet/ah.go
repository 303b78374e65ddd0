package packet

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/subtle"
	"encoding/binary"
	"hash"
	"math"
	"net/netip"
)

// Numbers of the authentication header (RFC 2402 section 2).
const (
	ahLen           = 24
	ahPayloadLen    = ahLen/4 - 2
	ahSourceOffset  = 4 // of the security parameters index, which is the source address
	ahSequence      = 8
	ahValueOffset   = 12
	ahValueLen      = 12
	maxIPv4Header   = 60
	highestSequence = math.MaxUint32 - 2 // upstream counts no further
)

// AH is what an instance with auth_type AH needs to sign and to verify: the password, and the one sequence number that
// it has for what it sends and what it has accepted, as upstream has it. One goroutine uses it.
type AH struct {
	// Sequence is the highest number that was sent or accepted.
	Sequence uint32

	mac  hash.Hash
	head [maxIPv4Header + ahLen]byte // scratch memory of value, which would be allocated each time
	sum  [md5.Size]byte
}

// NewAH makes one from auth_pass, of which 8 octets count. HMAC-MD5-96 (RFC 2403) is what upstream has put into these
// packets since 2001; MD5 protects nothing else here.
func NewAH(password string) *AH {
	var key [authLen]byte
	copy(key[:], password)
	return &AH{mac: hmac.New(md5.New, key[:])}
}

// Next takes the number of the next advert. It stays at the highest one until Restart: an advert a second gets there
// in 136 years.
func (a *AH) Next() {
	if a.Sequence < highestSequence {
		a.Sequence++
	}
}

// Restart begins at 1 again when all numbers were used, which a Backup that becomes Master does.
func (a *AH) Restart() {
	if a.Sequence >= highestSequence {
		a.Sequence = 0
	}
}

// appendHeader appends the header with a value of zeros.
func (a *AH) appendHeader(b []byte, source [4]byte) []byte {
	b = append(b, Protocol, ahPayloadLen, 0, 0)
	b = append(b, source[:]...)
	b = binary.BigEndian.AppendUint32(b, a.Sequence)
	return append(b, make([]byte, ahValueLen)...)
}

// sign fills in the value of a whole datagram without IP options.
func (a *AH) sign(datagram []byte, unicast bool) {
	value := a.value(datagram, ipv4HeaderLen, unicast)
	copy(datagram[ipv4HeaderLen+ahValueOffset:], value[:])
}

// value is the integrity check value of a datagram (RFC 2402 section 3.3.3): over all of it, with zeros in the place
// of what changes under way and of the value itself. The TTL counts for multicast, where it must arrive as it was sent.
func (a *AH) value(datagram []byte, headerLen int, unicast bool) (value [ahValueLen]byte) {
	head := a.head[:copy(a.head[:headerLen+ahLen], datagram)]
	for _, i := range [...]int{1, 6, 7, 10, 11} { // TOS, flags and fragment, header checksum
		head[i] = 0
	}
	if unicast {
		head[8] = 0
	}
	clear(head[headerLen+ahValueOffset:])
	a.mac.Reset()
	_, _ = a.mac.Write(head) // a hash has no errors
	_, _ = a.mac.Write(datagram[len(head):])
	copy(value[:], a.mac.Sum(a.sum[:0]))
	return value
}

// check verifies a datagram whose headers are whole, and moves the sequence on when it is genuine. The order is
// upstream's: value, source, sequence.
func (a *AH) check(r *Received, datagram []byte, h header, unicast bool) Reason {
	head := datagram[h.length:]
	value := a.value(datagram, h.length, unicast)
	if subtle.ConstantTimeCompare(value[:], head[ahValueOffset:][:ahValueLen]) != 1 {
		return AHValue
	}
	if source := netip.AddrFrom4([4]byte(head[ahSourceOffset:])); source != r.Source {
		r.missing = source
		return AHSource
	}
	sequence := binary.BigEndian.Uint32(head[ahSequence:])
	if sequence <= a.Sequence {
		*r = r.disagree(int(sequence), int(a.Sequence))
		return AHReplay
	}
	a.Sequence = sequence
	return OK
}

// isVRRP tells whether an authentication header has a VRRP message behind it.
func isVRRP(ah []byte) bool { return len(ah) >= ahLen && ah[0] == Protocol && ah[1] == ahPayloadLen }

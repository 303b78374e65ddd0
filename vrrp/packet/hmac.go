package packet

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"hash"
	"net/netip"
	"time"
)

// The trailer of auth_hmac (draft-cassen-vrrp-auth-hmac).
const (
	trailerLen      = 28
	trailerKey      = 1
	trailerReserved = 2
	trailerSequence = 4
	trailerValue    = 12
	trailerValueLen = 16
	trailerType     = 1 // HMAC-SHA-256, of which 128 bits are sent
)

// HMACMode says what an instance with auth_hmac sends and takes (keyword mode).
type HMACMode uint8

// The modes.
const (
	HMACEnforce     HMACMode = iota // signs, and takes what is signed alone
	HMACPermissive                  // signs, and takes what is not signed too
	HMACReceiveOnly                 // does not sign; what is signed must be right
)

// HMACKey is a key of auth_hmac.
type HMACKey struct {
	ID     uint8
	Secret string // 32 to 64 octets
}

// HMACSettings are those of auth_hmac.
type HMACSettings struct {
	Mode   HMACMode
	Keys   []HMACKey
	Active uint8         // the key that signs
	Window time.Duration // what clocks may differ by, whole seconds; 0: anti_replay monotonic
	Peers  []netip.Addr  // of a unicast instance, the only ones whose trailers are looked at
}

// HMAC signs and verifies the adverts of one instance, and remembers what must not come again. One goroutine uses it.
type HMAC struct {
	settings HMACSettings
	keys     map[uint8]hash.Hash
	sent     uint64 // the last sequence
	heard    memory

	pseudo [20]byte // scratch memory of value, which would be allocated each time
	sum    [sha256.Size]byte
}

var zeros [trailerValueLen]byte

// NewHMAC makes one. former, which may be nil, is the one before a reload: its sequence goes on, and what it has heard
// still must not come again.
func NewHMAC(s HMACSettings, former *HMAC) *HMAC {
	h := &HMAC{settings: s, keys: map[uint8]hash.Hash{}, heard: memory{peers: s.Peers}}
	for _, k := range s.Keys {
		h.keys[k.ID] = hmac.New(sha256.New, []byte(k.Secret))
	}
	if former != nil {
		h.sent = former.sent
		h.heard.adopt(former.heard)
	}
	return h
}

// Signs tells whether adverts get a trailer.
func (h *HMAC) Signs() bool { return h.settings.Mode != HMACReceiveOnly }

// Sequence is the last one that was sent, as Resume takes it.
func (h *HMAC) Sequence() uint64 { return h.sent }

// Resume goes on after a sequence that another process has sent.
func (h *HMAC) Resume(sequence uint64) { h.sent = sequence }

// Next takes the sequence of the next advert: the wall clock, or one more than the last where the clock has not moved
// beyond it. When the clock was set back by more than the window, no receiver would take what follows the last
// one, and the sequence begins again at the clock.
func (h *HMAC) Next(now time.Time) {
	clock := clockSequence(now)
	switch {
	case after(clock, h.sent):
		h.sent = clock
	case h.settings.Window > 0 && seconds(h.sent, clock) > h.window():
		h.sent = clock
	default:
		h.sent++
	}
}

func (h *HMAC) window() int32 { return int32(h.settings.Window / time.Second) }

// clockSequence has the seconds since 1970 in its upper half, then 1/65536 of a second, then a counter.
func clockSequence(now time.Time) uint64 {
	return uint64(uint32(now.Unix()))<<32 | uint64(now.Nanosecond())<<16/uint64(time.Second)<<16
}

// after compares sequences, which may wrap (RFC 1982).
func after(a, b uint64) bool { return int64(a-b) > 0 }

// seconds is how much a is ahead of b.
func seconds(a, b uint64) int32 { return int32(uint32(a>>32) - uint32(b>>32)) }

// appendTrailer appends the trailer to b, which ends with message. The checksum of the message counts as zero.
func (h *HMAC) appendTrailer(b, message []byte, source netip.Addr) []byte {
	start := len(b)
	b = append(b, trailerType, h.settings.Active, 0, 0)
	b = binary.BigEndian.AppendUint64(b, h.sent)
	value := h.value(h.keys[h.settings.Active], message, b[start:], source)
	return append(b, value[:]...)
}

// value is the HMAC over what the receiver knows of the sender, the message without its checksum and the beginning of
// the trailer, with zeros in the place of itself.
func (h *HMAC) value(mac hash.Hash, message, trailer []byte, source netip.Addr) (value [trailerValueLen]byte) {
	h.pseudo = [20]byte{4, message[0] >> 4, message[1]}
	if source.Is4() {
		four := source.As4()
		copy(h.pseudo[4:], four[:])
	} else {
		h.pseudo[0] = 6
		sixteen := source.As16()
		copy(h.pseudo[4:], sixteen[:])
	}
	mac.Reset()
	for _, part := range [...][]byte{h.pseudo[:], message[:checksumOffset], zeros[:2], message[checksumOffset+2:], trailer[:trailerValue], zeros[:]} {
		_, _ = mac.Write(part) // a hash has no errors
	}
	copy(value[:], mac.Sum(h.sum[:0]))
	return value
}

// check verifies the trailer of an advert that came at now; nil is none. What is not genuine leaves no trace.
func (h *HMAC) check(r *Received, message, trailer []byte, now time.Time) Reason {
	if trailer == nil {
		if h.settings.Mode == HMACEnforce {
			return TrailerMissing
		}
		return OK
	}
	if !h.heard.knows(r.Source) {
		return TrailerSource
	}
	if trailer[0] != trailerType || trailer[trailerReserved]|trailer[trailerReserved+1] != 0 {
		return TrailerMalformed
	}
	sequence, clock := binary.BigEndian.Uint64(trailer[trailerSequence:]), clockSequence(now)
	if h.settings.Window > 0 {
		r.skew, r.window = int(seconds(clock, sequence)), int(h.window())
		if apart(clock, sequence, h.window()) {
			return TrailerStale // before the work, so that a flood of old adverts costs little
		}
		r.Skewed = apart(clock, sequence, h.window()/2)
	}
	mac, ok := h.keys[trailer[trailerKey]]
	if !ok {
		*r = r.disagree(int(trailer[trailerKey]), 0)
		return TrailerKey
	}
	value := h.value(mac, message, trailer, r.Source)
	if subtle.ConstantTimeCompare(value[:], trailer[trailerValue:]) != 1 {
		return TrailerValue
	}
	// A mark outside the window does not count: the window alone keeps out what was sent before it.
	mark, ok := h.heard.last(r.Source)
	if ok && !(h.settings.Window > 0 && apart(clock, mark, h.window())) && !after(sequence, mark) {
		return TrailerReplay
	}
	h.heard.put(r.Source, sequence)
	return OK
}

// apart tells whether two sequences differ by more than that many seconds.
func apart(a, b uint64, most int32) bool {
	d := seconds(a, b)
	return d > most || d < -most
}

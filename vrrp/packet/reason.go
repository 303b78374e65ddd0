package packet

// Reason says why a datagram is dropped, or what about it is worth a complaint.
type Reason uint8

// The reasons, in the order in which they are looked for.
const (
	OK              Reason = iota
	NotVRRP                // no whole IPv4 and VRRP header, or another protocol
	AuthHeader             // protocol 51 (AH) where none is expected
	Length                 // does not fit the address count
	TTLRange               // TTL is not 255
	Version                // another version than ours
	AuthTypeUnknown        // neither none, PASS nor AH
	AuthTypeOther          // not ours
	AuthFailure            // another password
	Interval               // version 2: another interval than ours
	Type                   // not an advertisement
	TotalLength            // the IP header's length is not what was received
	Checksum               // wrong checksum
	Unicast                // sent to us alone on a multicast instance
	Group                  // sent to another multicast group, which another socket of this host has joined
	AddressCount           // another number of addresses than ours; the advert is processed
	AddressList            // one of our addresses is missing; the advert is processed
	// NumReasons is how many there are.
	NumReasons
)

var reasonNames = [NumReasons]string{
	"ok", "not_vrrp", "auth_header", "packet_len_err", "ip_ttl_err", "version_err", "invalid_authtype", "authtype_mismatch",
	"auth_failure", "advert_interval_err", "invalid_type_rcvd", "total_len_err", "checksum_err", "unicast_err", "group_err",
	"addr_count_err", "addr_list_err",
}

// String is the name of the reason in counters. Where upstream has a counter for this reason alone, it is that one's.
func (r Reason) String() string {
	if r >= NumReasons {
		return "unknown"
	}
	return reasonNames[r]
}

// Processed tells whether the advert counts in spite of the reason.
func (r Reason) Processed() bool { return r == OK || r == AddressCount || r == AddressList }

package packet

// Reason says why a datagram is dropped, or what about it is worth a complaint.
type Reason uint8

// The reasons, in the order in which they are looked for.
const (
	OK               Reason = iota
	NotVRRP                 // no whole IP and VRRP header, another family, or another protocol
	AuthHeader              // protocol 51 (AH) where none is expected, or none where one is
	Length                  // does not fit the address count
	TTLRange                // TTL of a multicast advert is not 255
	Version                 // another version than ours
	TrailerMissing          // no trailer of auth_hmac
	TrailerSource           // a trailer from an address that is no peer of a unicast instance
	TrailerMalformed        // its type or what is reserved in it
	TrailerStale            // its time is not in the window
	TrailerKey              // its key is not one of ours
	TrailerValue            // another HMAC
	TrailerReplay           // its sequence was there before
	AuthTypeUnknown         // neither none, PASS nor AH
	AuthTypeOther           // not ours
	AuthFailure             // another password
	AHValue                 // authentication header: another value
	AHSource                // its index is not the source address
	AHReplay                // its sequence was there before
	Interval                // version 2: another interval than ours
	Type                    // not an advertisement
	TotalLength             // the IP header's length is not what was received
	Checksum                // wrong checksum
	Unicast                 // sent to us alone on a multicast instance
	Multicast               // sent to a group on a unicast instance
	Group                   // sent to another multicast group, which another socket of this host has joined
	UnicastSource           // not from a peer of ours
	PeerTTL                 // TTL is not in the range of the peer
	AddressCount            // another number of addresses than ours; the advert is processed
	AddressList             // one of our addresses is missing; the advert is processed
	// NumReasons is how many there are.
	NumReasons
)

var reasonNames = [NumReasons]string{
	"ok", "not_vrrp", "auth_header", "packet_len_err", "ip_ttl_err", "version_err",
	"auth_ext_missing", "auth_ext_source", "auth_ext_malformed", "auth_ext_stale", "auth_ext_unknown_key", "auth_ext_invalid_hmac", "auth_ext_replay",
	"invalid_authtype", "authtype_mismatch", "auth_failure", "ah_value_err", "ah_source_err", "ah_replay",
	"advert_interval_err", "invalid_type_rcvd", "total_len_err", "checksum_err", "unicast_err", "multicast_err", "group_err",
	"unicast_src_err", "peer_ttl_err", "addr_count_err", "addr_list_err",
}

// String is the name of the reason in counters. Where upstream has a counter for this reason alone, it is that one's.
func (r Reason) String() string {
	if r >= NumReasons {
		return "unknown"
	}
	return reasonNames[r]
}

// Counted tells whether the datagram is an advert of the virtual router, whatever is wrong with its sender.
func (r Reason) Counted() bool { return r.Processed() || r == UnicastSource || r == PeerTTL }

// Processed tells whether the advert counts in spite of the reason.
func (r Reason) Processed() bool { return r == OK || r == AddressCount || r == AddressList }

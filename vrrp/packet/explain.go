package packet

import "fmt"

// Explain is upstream's log line for a reason, without the instance's name.
func (r Received) Explain(reason Reason) string {
	switch reason {
	case NotVRRP:
		text := "not a whole VRRP packet over IPv4"
		if r.v6 {
			text = "not a whole VRRP packet over IPv6"
		}
		if !r.Source.IsValid() {
			return text
		}
		return fmt.Sprintf("%s from %s", text, r.Source)
	case AuthHeader:
		if r.got == 0 {
			return fmt.Sprintf("No AH header but auth type is AH from %s", r.Source)
		}
		return fmt.Sprintf("Received AH header but auth type not AH from %s", r.Source)
	case Length:
		word := "short"
		if r.got > r.want {
			word = "long"
		}
		return fmt.Sprintf("vrrp packet from %s too %s, length %d and expect %d", r.Source, word, r.got, r.want)
	case TTLRange:
		return fmt.Sprintf("invalid TTL/HL from %s. Received %d and expect %d", r.Source, r.got, r.want)
	case Version:
		return fmt.Sprintf("wrong VRRP version from %s. Received %d and expect %d", r.Source, r.got, r.want)
	case AuthTypeUnknown:
		return fmt.Sprintf("Invalid auth type from %s: %d", r.Source, r.got)
	case AuthTypeOther:
		return fmt.Sprintf("received a %d auth from %s, expecting %d!", r.got, r.Source, r.want)
	case AuthFailure:
		return fmt.Sprintf("received an invalid passwd from %s!", r.Source)
	case AHValue, AHSource, AHReplay:
		return r.explainAH(reason)
	case TrailerMissing, TrailerSource, TrailerMalformed, TrailerStale, TrailerKey, TrailerValue, TrailerReplay:
		return r.explainTrailer(reason)
	case Interval:
		return fmt.Sprintf("advertisement interval mismatch with %s mine=%d sec rcv'd=%d sec", r.Source, r.want, r.got)
	case Type:
		return fmt.Sprintf("Invalid packet type from %s. %d and expect %d", r.Source, r.got, r.want)
	case TotalLength:
		return fmt.Sprintf("ip_tot_len mismatch against received length from %s. %d and received %d", r.Source, r.got, r.want)
	case Checksum:
		return fmt.Sprintf("Invalid VRRPv%d checksum from %s", r.version, r.Source)
	case Unicast:
		return fmt.Sprintf("Expected multicast packet but received unicast packet from %s", r.Source)
	case Multicast:
		return fmt.Sprintf("Expected unicast packet but received multicast packet from %s", r.Source)
	case UnicastSource:
		return fmt.Sprintf("unicast source address %s not a unicast peer", r.Source)
	case PeerTTL:
		return fmt.Sprintf("TTL/HL %d from %s not in range [%d, %d]", r.got, r.Source, r.least, r.want)
	case Group:
		return fmt.Sprintf("Expected packet to %s but received packet to %s from %s", r.group, r.Destination, r.Source)
	case AddressCount:
		return fmt.Sprintf("expected %d VIPs but received %d", r.want, r.got)
	case AddressList:
		return fmt.Sprintf("ip address associated with VRID %d not present in advert from %s: %s", r.VRID, r.Source, r.missing)
	}
	return fmt.Sprintf("packet from %s: %s", r.Source, reason)
}

// explainAH has the address in all lines, unlike upstream.
func (r Received) explainAH(reason Reason) string {
	switch reason {
	case AHSource:
		return fmt.Sprintf("IPSEC AH : invalid IPSEC SPI value. %s and expect %s", r.missing, r.Source)
	case AHReplay:
		return fmt.Sprintf("IPSEC-AH : sequence number %d already processed. Packet dropped. Local(%d) from %s", r.got, r.want, r.Source)
	}
	return fmt.Sprintf("IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password ! from %s", r.Source)
}

func (r Received) explainTrailer(reason Reason) string {
	switch reason {
	case TrailerMissing:
		return fmt.Sprintf("missing authentication trailer from %s", r.Source)
	case TrailerSource:
		return fmt.Sprintf("unicast source address %s not a unicast peer", r.Source)
	case TrailerMalformed:
		return fmt.Sprintf("malformed authentication trailer from %s", r.Source)
	case TrailerStale:
		return fmt.Sprintf("stale authentication trailer from %s, clock skew %d sec exceeds window %d sec", r.Source, r.skew, r.window)
	case TrailerKey:
		return fmt.Sprintf("unknown authentication key id %d from %s", r.got, r.Source)
	case TrailerReplay:
		return fmt.Sprintf("replayed authentication trailer from %s", r.Source)
	}
	return fmt.Sprintf("invalid authentication HMAC from %s", r.Source)
}

// ExplainSkew is upstream's line on an advert that is Skewed.
func (r Received) ExplainSkew() string {
	return fmt.Sprintf("authentication clock skew %d sec from %s approaching window %d sec", r.skew, r.Source, r.window)
}

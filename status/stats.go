package status

import (
	"keepalived-go/vrrp"
	"keepalived-go/vrrp/packet"
)

// Stats is keepalived.stats: the counters of every instance.
func Stats(v vrrp.View) []byte {
	t := &text{}
	for i := range v.Instances {
		t.stats(v.Instances[i].Config.Name, &v.Instances[i].Stats)
	}
	return t.Bytes()
}

func (t *text) stats(name string, s *vrrp.Stats) {
	counter := func(label string, n uint64) { t.line("    %s: %d", label, n) }
	dropped := func(label string, r packet.Reason) { counter(label, s.Dropped[r]) }
	t.line("VRRP Instance: %s", name)
	t.line("  Advertisements:")
	counter("Received", s.AdvertRcvd)
	counter("Sent", s.AdvertSent)
	t.line("  Became master: %d", s.BecomeMaster)
	t.line("  Released master: %d", s.ReleaseMaster)
	t.line("  Packet Errors:")
	dropped("Length", packet.Length)
	counter("TTL", ttlErrors(s))
	dropped("Invalid Type", packet.Type)
	dropped("Advertisement Interval", packet.Interval)
	counter("Address List", addressErrors(s))
	t.line("  Authentication Errors:")
	dropped("Invalid Type", packet.AuthTypeUnknown)
	counter("Type Mismatch", typeMismatches(s))
	counter("Failure", authFailures(s))
	t.line("  Authentication Extension Errors:")
	dropped("Missing", packet.TrailerMissing)
	dropped("Malformed", packet.TrailerMalformed)
	dropped("Unknown Key", packet.TrailerKey)
	dropped("Invalid HMAC", packet.TrailerValue)
	dropped("Stale", packet.TrailerStale)
	dropped("Replay", packet.TrailerReplay)
	t.line("  Priority Zero:")
	counter("Received", s.PriorityZeroRcvd)
	counter("Sent", s.PriorityZeroSent)
}

// ttlErrors are adverts with a TTL that they may not have, of multicast or from their peer.
func ttlErrors(s *vrrp.Stats) uint64 { return s.Dropped[packet.TTLRange] + s.Dropped[packet.PeerTTL] }

// typeMismatches are adverts with another kind of authentication than ours, in the message or in a header before it.
func typeMismatches(s *vrrp.Stats) uint64 {
	return s.Dropped[packet.AuthTypeOther] + s.Dropped[packet.AuthHeader]
}

// authFailures are adverts with a wrong password, or with an authentication header that is not genuine.
func authFailures(s *vrrp.Stats) uint64 {
	return s.Dropped[packet.AuthFailure] + s.Dropped[packet.AHValue] + s.Dropped[packet.AHSource] + s.Dropped[packet.AHReplay]
}

// addressErrors are adverts with other addresses than ours, and those that were sent to a group or to us alone where
// the other was expected.
func addressErrors(s *vrrp.Stats) uint64 {
	return s.Dropped[packet.AddressCount] + s.Dropped[packet.AddressList] + s.Dropped[packet.Unicast] + s.Dropped[packet.Multicast]
}

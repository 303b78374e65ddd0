package config

import (
	"net/netip"
	"time"

	"keepalived-go/parser"
)

// BFDInstance is one bfd_instance (RFC 5880, 5881 and 5883) with defaults filled in.
type BFDInstance struct {
	Pos      parser.Position // where it stands in the file; not part of a comparison
	Name     string          // at most 31 bytes
	Neighbor netip.Addr
	Source   netip.Addr // not valid: the kernel chooses

	MinRx      time.Duration // required minimum receive interval, whole microseconds
	MinTx      time.Duration // desired minimum transmit interval
	IdleTx     time.Duration // transmit interval while the session is not up
	Multiplier uint8         // 1..255

	Passive  bool  // do not send until a packet arrives
	TTL      uint8 // of packets sent
	MaxHops  int   // that a received packet may have used; -1 does not look
	Multihop bool  // port 4784 instead of 3784

	VRRP    bool   // events go to the VRRP process
	Checker bool   // events go to the checker process
	Weight  Weight // -253..253, default weight of the session in track_bfd
}

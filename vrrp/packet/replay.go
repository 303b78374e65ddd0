package packet

import (
	"net/netip"
	"slices"
)

// multicastSenders is how many senders a multicast instance remembers. Only genuine ones are; more than two of them
// speak at the same time for a moment at most.
const multicastSenders = 4

// memory is the highest sequence that was heard from each sender: from every peer of a unicast instance, else from
// those that were heard last.
type memory struct {
	peers []netip.Addr // nil: multicast
	marks []mark       // the one that was heard last is the last one
}

type mark struct {
	sender   netip.Addr
	sequence uint64
}

// adopt takes over what another one remembers of the same senders.
func (m *memory) adopt(former memory) {
	for _, k := range former.marks {
		if m.knows(k.sender) {
			m.put(k.sender, k.sequence)
		}
	}
}

// knows tells whether a sender may be remembered.
func (m *memory) knows(sender netip.Addr) bool {
	return m.peers == nil || slices.Contains(m.peers, sender)
}

// last is the sequence that was heard last from a sender.
func (m *memory) last(sender netip.Addr) (uint64, bool) {
	for i := range m.marks {
		if m.marks[i].sender == sender {
			return m.marks[i].sequence, true
		}
	}
	return 0, false
}

// put remembers a sequence in the place of the sender's former one. Where there is no room the sender that was not heard
// for the longest time is forgotten.
func (m *memory) put(sender netip.Addr, sequence uint64) {
	m.marks = slices.DeleteFunc(m.marks, func(k mark) bool { return k.sender == sender })
	if m.peers == nil && len(m.marks) >= multicastSenders {
		m.marks = slices.Delete(m.marks, 0, 1)
	}
	m.marks = append(m.marks, mark{sender, sequence})
}

// Package wire puts VRRP datagrams, gratuitous ARP and neighbour advertisements on a network and takes datagrams from it.
//
// [Kernel] does it with raw sockets of the Linux kernel. [LAN] is a broadcast domain in memory with the same contract,
// for tests that run under testing/synctest.
//
// Nothing here knows VRRP but the numbers of its IP protocols: datagrams are bytes, header included, and what they say is the business of package packet.
// The one who uses a [Socket] decides when it is read. The goroutine behind [Socket.Readable] only looks whether
// something waits and never takes a datagram, so whoever has called Receive knows that nothing is in flight elsewhere.
package wire

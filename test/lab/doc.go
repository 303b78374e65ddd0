// Package lab lays out small networks on one Linux machine for tests, the
// demonstration and the benchmark: hosts with one interface each, joined by a
// switch whose cables can be cut, with a record of the VRRP and ARP frames
// and the neighbour advertisements that crossed it.
//
// Every host is a set of network, mount, process and UTS namespaces whose
// process 1 is this program executed again (see keeper.go). It ends when the
// pipe to its creator closes, and the kernel then ends every process of the
// host and takes the namespaces away. So nothing stays behind, also when the
// creator panics or is killed: no named namespace, no link, no file.
//
// The package needs root.
package lab

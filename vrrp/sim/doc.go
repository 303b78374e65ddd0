// Package sim holds tests only: clusters of virtual routers in a simulated world.
//
// A world is a heap of events in simulated time. Its routers are the real machine (vrrp/fsm) with the real codec
// (vrrp/packet) between them: what travels is the octets of a datagram. A seed decides everything: how many routers,
// their configuration, and what happens to them and to the network between them while the disturbance lasts (loss,
// delay, duplicates, spoilt octets, one-way cuts, partitions, crashes, restarts, stops, stalls, link faults, changes
// of priority, reloads). Then the network is mended, perhaps into several parts, and the world must come to rest.
//
// The oracle knows the protocol's promises and nothing of the machine's inside. It looks after every step at the
// router that made it, and at the end at the whole world. A failing seed prints the command that runs it alone:
//
//	go test ./vrrp/sim -run 'TestClusters/seed=17$' -v
//
// The flag -seeds sets how many there are.
package sim

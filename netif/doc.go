// Package netif reads and watches network interfaces and their addresses, and puts addresses on interfaces.
//
// Everything acts in the network namespace that the calling thread is in when [Open], [Read] or [Watch] is called; what
// they return stays with that namespace whatever thread uses it later.
//
// The view of the interfaces is level-triggered. A notification of the kernel never changes it; it only makes the whole
// state be read again, so a lost notification can delay the truth but not bend it.
package netif

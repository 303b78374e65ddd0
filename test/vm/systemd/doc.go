// Package systemd tests our package for Debian where it is used: on a Debian
// system with systemd, on which Debian's keepalived serves.
//
// The tests run in a virtual machine (test/vm runs them). scripts/tree has made
// the system in .cache/tree/root. It runs in namespaces of its own within the
// network of a host of package lab, and what it changes stays in the machine's
// memory.
package systemd

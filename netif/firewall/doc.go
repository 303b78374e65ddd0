// Package firewall drops packets to and from virtual addresses, and puts right what the kernel sends over links with a
// virtual MAC. It does so in one nftables table each of IPv4 and of IPv6, or, where that is wanted, with rules in chains of
// iptables that the administrator has made, by ipsets. Tables, chains, sets and rules are those of upstream, so that
// programs which look for them find them.
package firewall

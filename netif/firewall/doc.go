// Package firewall keeps one nftables table, of IPv4 and of IPv6, in which packets to and from virtual addresses are
// dropped, and in which what the kernel sends over links with a virtual MAC is put right. Chains, sets and rules are
// those of upstream, so that programs which look for them find them.
package firewall

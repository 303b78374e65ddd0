// Package iptables tests the rules and the sets of vrrp_iptables in the kernel, with the commands of Debian's packages.
package iptables

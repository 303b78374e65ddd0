// Package lvs tests the daemon as a director: two directors, two web servers
// and a client, with the kernel's IPVS between them. Its tests need a kernel
// with ip_vs and run in a virtual machine.
package lvs

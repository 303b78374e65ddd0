// Package bare tests the daemon where the kernel has no ip_vs at the start. Its
// tests run in a virtual machine of their own: what is loaded there stays.
package bare

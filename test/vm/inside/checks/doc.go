// Package checks tests the checks of ports and pages beside Debian's
// keepalived: both programs get the same configuration, and what they make of
// it is compared, and what the servers see of them. Its tests need a kernel
// with ip_vs and run in a virtual machine.
package checks

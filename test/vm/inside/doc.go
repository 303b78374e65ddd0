// Package inside and those below it have tests that run in a virtual machine
// with ip_vs: make vm builds and runs them there. This one shows that the
// machine has what the others count on.
package inside

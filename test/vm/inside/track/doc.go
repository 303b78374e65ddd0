// Package track tests tracked processes where the kernel reports them: in its first namespaces, which the virtual
// machine has for us alone.
package track

// Package vm starts virtual machines for tests that need a kernel with
// ip_vs, whatever the kernel of the machine that they run on has.
//
// The kernel is Debian's for clouds, the emulator Debian's qemu; both are
// unpacked below .cache/debs/root by scripts/debs and never installed. The
// machine's files are those of the outside, shared by virtiofs, at the same
// paths: the source tree, what was built in it, the packages in .cache. Those
// packages look installed, too. What a command changes stays in the machine's
// memory and is gone with it.
//
// Process 1 is Command init. It takes one command after the other over a
// stream of its own (package talk), so that what a test writes never mixes
// with what the kernel says on its console.
//
// The package needs root. A machine ends with the process that started it,
// also when that is killed.
package vm

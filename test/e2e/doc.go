// Package e2e tests keepalived as its users meet it: as a program on hosts of
// a small network, beside the keepalived of Debian.
//
// The programs are chosen with KEEPALIVED_OURS and KEEPALIVED_PEER, each
// "ours" (bin/keepalived), "debian" or a path. With KEEPALIVED_OURS=debian the
// tests run Debian's program against itself and so test the tests.
package e2e

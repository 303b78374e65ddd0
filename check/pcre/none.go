//go:build !(amd64 || arm64 || riscv64)

package pcre

import "errors"

// Regexp is a compiled pattern; there is none on this kind of processor.
type Regexp struct{}

var errNone = errors.New("regular expressions are not available on this kind of processor")

// Compile says that there are no regular expressions.
func Compile(string, Options) (*Regexp, error) { return nil, errNone }

// SetMatchLimit does nothing.
func (*Regexp) SetMatchLimit(uint32) {}

// Lookbehind is 0.
func (*Regexp) Lookbehind() int { return 0 }

// UTF is false.
func (*Regexp) UTF() bool { return false }

// Find finds nothing.
func (*Regexp) Find([]byte, int) (Outcome, int, error) { return NoMatch, 0, errNone }

// Close does nothing.
func (*Regexp) Close() {}

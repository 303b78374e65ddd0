// Package pcre matches the regular expressions of url blocks, which are those of PCRE2.
//
// The library under it is PCRE2 itself, translated to Go by a machine (go.elara.ws/pcre, version 10.40). It was
// chosen over regexp2, whose syntax is another one: that refuses recursion, \K, \h, (?P<name>), branch resets and
// verbs such as (*UTF), and cannot match partially, which is what a page that comes in pieces needs. The translation
// adds about 1 MB to the program and needs no C compiler. It exists for amd64, arm64 and riscv64; elsewhere [Compile]
// says that regular expressions are not available.
//
// The memory of the translated code is its own and not the garbage collector's; [Regexp.Close] gives it back at once.
package pcre

import "fmt"

// Options are the bits of PCRE2's compile options that a configuration can set.
type Options uint32

// The options, named as the words of regex_options and numbered as in PCRE2.
const (
	AllowEmptyClass   Options = 0x00000001
	AltBSUX           Options = 0x00000002
	AutoCallout       Options = 0x00000004
	Caseless          Options = 0x00000008
	DollarEndonly     Options = 0x00000010
	Dotall            Options = 0x00000020
	Dupnames          Options = 0x00000040
	Extended          Options = 0x00000080
	Firstline         Options = 0x00000100
	MatchUnsetBackref Options = 0x00000200
	Multiline         Options = 0x00000400
	NeverUCP          Options = 0x00000800
	NeverUTF          Options = 0x00001000
	NoAutoCapture     Options = 0x00002000
	NoAutoPossess     Options = 0x00004000
	NoDotstarAnchor   Options = 0x00008000
	NoStartOptimize   Options = 0x00010000
	UCP               Options = 0x00020000
	Ungreedy          Options = 0x00040000
	UTF               Options = 0x00080000
	NeverBackslashC   Options = 0x00100000
	AltCircumflex     Options = 0x00200000
	AltVerbnames      Options = 0x00400000
	UseOffsetLimit    Options = 0x00800000
)

// DefaultMatchLimit is PCRE2's own default of steps per match. A pattern that explodes ends there, after some tenths
// of a second.
const DefaultMatchLimit = 10_000_000

// heapLimit is the memory that one match may take, in KiB. PCRE2's own default is 20 GB.
const heapLimit = 16 << 10

// SyntaxError says what is wrong with a pattern.
type SyntaxError struct {
	Pattern string
	Offset  int    // bytes of Pattern that were read when the fault was seen
	Message string // in PCRE2's words
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("regular expression %q, offset %d: %s", e.Pattern, e.Offset, e.Message)
}

// Outcome is what a match found.
type Outcome uint8

// The outcomes. Partial means that the text ended while a match was still possible: more text decides.
const (
	NoMatch Outcome = iota
	Match
	Partial
)

//go:build amd64 || arm64 || riscv64

package pcre

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"go.elara.ws/pcre/lib"
	"modernc.org/libc"
)

// matchInvalidUTF lets text that is not UTF-8 be searched as far as it is, instead of being an error.
const matchInvalidUTF = lib.DPCRE2_MATCH_INVALID_UTF

// Regexp is a compiled pattern. Several goroutines may use it; they take turns.
type Regexp struct{ m *machine }

// machine is what a pattern has in the library's memory.
type machine struct {
	mu       sync.Mutex
	tls      *libc.TLS
	code     uintptr
	data     uintptr
	context  uintptr
	subject  uintptr // room for the text, as the library does not look into Go's memory
	room     int
	behind   int
	matchUTF bool
}

// cell is memory of the library for an int32 and a size_t.
const cell = 16

// Compile reads a pattern. The error is a *SyntaxError, or says that there is no memory.
func Compile(pattern string, options Options) (*Regexp, error) {
	m, err := newMachine(pattern, options)
	if err != nil {
		return nil, err
	}
	r := &Regexp{m: m}
	runtime.AddCleanup(r, (*machine).close, m)
	return r, nil
}

func newMachine(pattern string, options Options) (*machine, error) {
	r := &machine{tls: libc.NewTLS()}
	err := r.compile(pattern, uint32(options))
	// A pattern can ask for UTF by itself, so it is known only now.
	if err == nil && r.info(lib.DPCRE2_INFO_ALLOPTIONS)&uint32(UTF) != 0 {
		lib.Xpcre2_code_free_8(r.tls, r.code)
		r.matchUTF = true
		err = r.compile(pattern, uint32(options)|matchInvalidUTF)
	}
	if err != nil {
		r.close()
		return nil, err
	}
	r.behind = int(r.info(lib.DPCRE2_INFO_MAXLOOKBEHIND))
	r.data = lib.Xpcre2_match_data_create_from_pattern_8(r.tls, r.code, 0)
	r.context = lib.Xpcre2_match_context_create_8(r.tls, 0)
	if r.data == 0 || r.context == 0 {
		r.close()
		return nil, errors.New("no memory for a regular expression")
	}
	lib.Xpcre2_set_match_limit_8(r.tls, r.context, DefaultMatchLimit)
	lib.Xpcre2_set_heap_limit_8(r.tls, r.context, heapLimit)
	return r, nil
}

func (r *machine) compile(pattern string, bits uint32) error {
	text := libc.Xmalloc(r.tls, lib.Tsize_t(len(pattern)+1))
	report := libc.Xmalloc(r.tls, cell)
	if text == 0 || report == 0 {
		return errors.New("no memory for a regular expression")
	}
	defer libc.Xfree(r.tls, text)
	defer libc.Xfree(r.tls, report)
	copy(memory(text, len(pattern)), pattern)
	code, offset := (*int32)(pointer(report)), (*lib.Tsize_t)(pointer(report+8))
	r.code = lib.Xpcre2_compile_8(r.tls, text, lib.Tsize_t(len(pattern)), bits, report, report+8, 0)
	if r.code == 0 {
		return &SyntaxError{Pattern: pattern, Offset: int(*offset), Message: r.message(*code)}
	}
	return nil
}

// info is a number that the library knows about the pattern, 0 when it does not.
func (r *machine) info(what uint32) uint32 {
	value := libc.Xmalloc(r.tls, cell)
	if value == 0 {
		return 0
	}
	defer libc.Xfree(r.tls, value)
	if lib.Xpcre2_pattern_info_8(r.tls, r.code, what, value) != 0 {
		return 0
	}
	return *(*uint32)(pointer(value))
}

// SetMatchLimit sets the number of steps that one call of Find may take.
func (r *Regexp) SetMatchLimit(steps uint32) {
	lib.Xpcre2_set_match_limit_8(r.m.tls, r.m.context, steps)
	runtime.KeepAlive(r)
}

// Lookbehind is how many characters before a match the pattern may look at.
func (r *Regexp) Lookbehind() int { return r.m.behind }

// UTF tells whether text is taken as UTF-8, by option or by the pattern.
func (r *Regexp) UTF() bool { return r.m.matchUTF }

// Find looks for a match that starts at or after from, in bytes. It is hard partial matching: when the end of the text
// is reached while a match might go on, the outcome is Partial even if what is there already matches. start is where
// the match, or the partial one, starts. The error names a limit that was exceeded.
func (r *Regexp) Find(text []byte, from int) (found Outcome, start int, err error) {
	defer runtime.KeepAlive(r)
	return r.m.find(text, from)
}

func (r *machine) find(text []byte, from int) (found Outcome, start int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.code == 0 {
		return NoMatch, 0, errors.New("the regular expression is closed")
	}
	if from > len(text) {
		return NoMatch, 0, nil
	}
	if err := r.reserve(len(text)); err != nil {
		return NoMatch, 0, err
	}
	copy(memory(r.subject, len(text)), text)
	n := lib.Xpcre2_match_8(r.tls, r.code, r.subject, lib.Tsize_t(len(text)), lib.Tsize_t(from),
		lib.DPCRE2_PARTIAL_HARD, r.data, r.context)
	switch {
	case n >= 0:
		return Match, r.matchStart(), nil
	case n == lib.DPCRE2_ERROR_PARTIAL:
		return Partial, r.matchStart(), nil
	case n == lib.DPCRE2_ERROR_NOMATCH:
		return NoMatch, 0, nil
	}
	return NoMatch, 0, fmt.Errorf("matching a regular expression: %s", r.message(n))
}

// matchStart is the first offset of what was found.
func (r *machine) matchStart() int {
	return int(*(*lib.Tsize_t)(pointer(lib.Xpcre2_get_ovector_pointer_8(r.tls, r.data))))
}

// reserve makes room for a text of n bytes.
func (r *machine) reserve(n int) error {
	if n < r.room {
		return nil
	}
	libc.Xfree(r.tls, r.subject)
	r.subject, r.room = libc.Xmalloc(r.tls, lib.Tsize_t(n+1)), n+1
	if r.subject == 0 {
		r.room = 0
		return errors.New("no memory to match a regular expression")
	}
	return nil
}

// message is the library's text of an error.
func (r *machine) message(code int32) string {
	const size = 256
	buffer := libc.Xmalloc(r.tls, size)
	if buffer == 0 {
		return fmt.Sprintf("error %d", code)
	}
	defer libc.Xfree(r.tls, buffer)
	n := lib.Xpcre2_get_error_message_8(r.tls, code, buffer, size)
	if n < 0 {
		return fmt.Sprintf("error %d", code)
	}
	return string(memory(buffer, int(n)))
}

// Close gives the memory back. It may be called twice, and is made up for when a Regexp is no longer used.
func (r *Regexp) Close() { r.m.close() }

func (r *machine) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tls == nil {
		return
	}
	lib.Xpcre2_match_context_free_8(r.tls, r.context)
	lib.Xpcre2_match_data_free_8(r.tls, r.data)
	lib.Xpcre2_code_free_8(r.tls, r.code)
	libc.Xfree(r.tls, r.subject)
	r.tls.Close()
	r.tls, r.code, r.data, r.context, r.subject, r.room = nil, 0, 0, 0, 0, 0
}

// memory is n bytes of the library's memory.
func memory(address uintptr, n int) []byte { return unsafe.Slice((*byte)(pointer(address)), n) }

// pointer is an address of the library's memory, which the garbage collector neither moves nor frees.
func pointer(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

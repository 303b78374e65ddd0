package config

import (
	"net/netip"
	"time"

	"keepalived-go/parser"
)

// lvsScope is what is being read below virtual_server and virtual_server_group. The drafts are used again for every
// block, so that reading a large file allocates little more than the result.
type lvsScope struct {
	vs       vsDraft
	rs       rsDraft
	chk      checkerDraft
	smtpHost connectionDraft // host block of SMTP_CHECK
	http     HTTPCheck
	url      urlDraft
	urls     []urlDraft
	misc     MiscCheck
	udp      UDPCheck
	fileChk  fileDraft
	vsg      VirtualServerGroup
	lvsOpen  lvsBlock // the innermost block that is open
	servers  []rsDraft
	checkers []checkerDraft
	fileChks []FileCheck
	// hosts are the host blocks of the SMTP_CHECK that is being read.
	hosts []connectionDraft
	// alerts tells for every virtual server and each of its real servers, in the order of the configuration,
	// whether it has smtp_alert of its own. The default comes from global_defs, which may follow.
	alerts []bool
	// followed are the BFD sessions of the real server that is being read.
	followed map[string]bool
	// trackFiles finds the track_files read so far by name.
	trackFiles map[string]int
	// quiet has the blocks that said once that they have no effect yet.
	quiet map[*Keyword]bool
}

// lvsBlock is how deep the reader is in virtual_server or virtual_server_group.
type lvsBlock uint8

const (
	noBlock lvsBlock = iota
	inGroup
	inVirtualServer
	inRealServer
	inFileCheck
	inChecker
	inURL
	inHost
)

// vsDraft is a virtual server before inheritance.
type vsDraft struct {
	VirtualServer
	smtpAlert Optional[bool]
	dropped   bool // its block is read and checked, but not kept
}

// rsDraft is a real server before inheritance. Its checkers are those of the scope from first to last.
type rsDraft struct {
	RealServer
	weightGiven               bool
	alpha, inhibit, smtpAlert Optional[bool]
	first, last               int // checkers
	firstFile, lastFile       int
}

// checkerDraft is a checker before inheritance.
type checkerDraft struct {
	Checker
	conn         connectionDraft
	alpha        Optional[bool]
	dropped      bool // a fault of one of its lines removes it
	defaultRetry int64
	defaultDelay time.Duration // before a retry; 0: delay_loop
	helo         string
	dns          DNSCheck
	bfd          string
	miscUser     bool
}

// connectionDraft is where a checker connects to, as far as it says so itself.
type connectionDraft struct {
	Connection
	pos     parser.Position // of the host block
	ip      netip.Addr
	port    uint16
	timeout time.Duration
}

// given tells whether anything was said about the connection.
func (c *connectionDraft) given() bool {
	return *c != connectionDraft{timeout: Unset}
}

// urlDraft is a url block before inheritance.
type urlDraft struct {
	URL
	pos                   parser.Position
	pathGiven, regexGiven bool
	tlsCompliant          Optional[bool]
}

// fileDraft is a FILE_CHECK before its weight is known.
type fileDraft struct {
	FileCheck
	pos         parser.Position
	weightGiven bool
}

// unsetTiming is the timing of an object that says nothing.
var unsetTiming = Timing{ConnectTimeout: Unset, DelayLoop: Unset, DelayBeforeRetry: Unset, Warmup: Unset, Retry: Unset}

// connection is the connection that the line belongs to: that of the host block, else of the checker.
func (s *scope) connection() *connectionDraft {
	if s.lvsOpen == inHost {
		return &s.smtpHost
	}
	return &s.chk.conn
}

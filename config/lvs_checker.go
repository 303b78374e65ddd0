package config

import (
	"net/netip"
	"time"

	"keepalived-go/parser"
)

// Checker is one check of a real server with everything that it inherits filled in.
type Checker struct {
	Pos  parser.Position // not part of a comparison
	Kind CheckKind

	Alpha          bool // starts as failed
	LogAllFailures bool
	// Timing has no Unset member, except for BFD_CHECK, which has no schedule.
	Timing Timing
	// Conn is where and from where it connects; zero for MISC_CHECK and BFD_CHECK.
	Conn Connection
	// Detail is what the kind has beyond that; nil for TCP_CHECK and PING_CHECK.
	Detail CheckDetail
}

// CheckKind is the kind of a checker.
type CheckKind uint8

// The kinds of checkers.
const (
	CheckTCP CheckKind = iota
	CheckHTTP
	CheckSSL
	CheckSMTP
	CheckDNS
	CheckMisc
	CheckUDP
	CheckPing
	CheckBFD
)

// String is the keyword that opens the checker.
func (k CheckKind) String() string {
	return [...]string{
		"TCP_CHECK", "HTTP_GET", "SSL_GET", "SMTP_CHECK", "DNS_CHECK", "MISC_CHECK", "UDP_CHECK", "PING_CHECK", "BFD_CHECK",
	}[k]
}

// DefaultDelayBeforeRetry is delay_before_retry where nothing else is said; 0 stands for delay_loop.
func (k CheckKind) DefaultDelayBeforeRetry() time.Duration {
	switch k {
	case CheckHTTP, CheckSSL:
		return 3 * time.Second
	case CheckDNS:
		return 0
	default:
		return time.Second
	}
}

// Connection is where a checker connects to.
type Connection struct {
	Addr   netip.AddrPort // connect_ip and connect_port, else those of the real server
	Bind   netip.Addr     // bindto; not valid: the kernel chooses
	Port   uint16         // bind_port; 0: the kernel chooses
	BindIf string         // bind_if
	Mark   uint32         // fwmark
}

// CheckDetail is the part of a checker that only its kind has. The set is closed.
type CheckDetail interface{ checkDetail() }

// HTTPCheck is HTTP_GET and SSL_GET.
type HTTPCheck struct {
	URLs         []URL // at least one
	VirtualHost  string
	Version      HTTPVersion
	SNI          bool
	SNIName      string // "": the virtual host of the URL
	FastRecovery bool
	TLSCompliant bool
}

// HTTPVersion is http_protocol.
type HTTPVersion uint8

// The versions; HTTP10Close is 1.0 with a Connection: close header.
const (
	HTTP10 HTTPVersion = iota
	HTTP10Close
	HTTP11
)

// String is the word of the configuration.
func (v HTTPVersion) String() string { return [...]string{"1.0", "1.0C", "1.1"}[v] }

// URL is one url block.
type URL struct {
	Path         string
	Digest       string        // MD5 as 32 lower-case hexadecimal digits, "" for none
	Status       []StatusRange // sorted, without overlaps; never empty
	VirtualHost  string
	TLSCompliant bool
	Regex        Regex
}

// StatusRange is status codes from Low to High, both included, within 100..599.
type StatusRange struct{ Low, High uint16 }

// Regex is what a page has to match. Pattern is "" when nothing is configured.
type Regex struct {
	Pattern    string
	NoMatch    bool         // a match is a failure
	Options    RegexOptions // PCRE2 compile options
	MinOffset  uint64       // bytes of the body
	MaxOffset  uint64       // last offset where a match may start; only when HasMax
	HasMax     bool
	StackStart uint64 // bytes, regex_stack; both 0 when not configured
	StackMax   uint64
}

// SMTPCheck is SMTP_CHECK. Each host block is a checker of its own.
type SMTPCheck struct{ HeloName string }

// DNSCheck is DNS_CHECK.
type DNSCheck struct {
	Type DNSType
	Name string // "." is the root
}

// DNSType is the type of a DNS query; the numbers are those of the wire.
type DNSType uint16

// The types that DNS_CHECK can ask for.
const (
	TypeA      DNSType = 1
	TypeNS     DNSType = 2
	TypeCNAME  DNSType = 5
	TypeSOA    DNSType = 6
	TypeMX     DNSType = 15
	TypeTXT    DNSType = 16
	TypeAAAA   DNSType = 28
	TypeRRSIG  DNSType = 46
	TypeDNSKEY DNSType = 48
)

var dnsTypes = map[string]DNSType{
	"A": TypeA, "NS": TypeNS, "CNAME": TypeCNAME, "SOA": TypeSOA, "MX": TypeMX, "TXT": TypeTXT, "AAAA": TypeAAAA,
	"RRSIG": TypeRRSIG, "DNSKEY": TypeDNSKEY,
}

// String is the word of the configuration.
func (t DNSType) String() string {
	for name, v := range dnsTypes {
		if v == t {
			return name
		}
	}
	return ""
}

// MiscCheck is MISC_CHECK.
type MiscCheck struct {
	Script  Script
	Timeout time.Duration // whole seconds; 0: delay_loop of the virtual server
	Dynamic bool          // exit statuses 2..255 set the weight to status - 2
}

// UDPCheck is UDP_CHECK.
type UDPCheck struct {
	Payload      []byte // nil: random bytes
	RequireReply bool
	Reply        []byte // what the reply has to begin with; nil: any reply
	ReplyIgnore  []byte // bits of Reply that do not matter; nil: all matter
	MinReply     uint16 // bytes
	MaxReply     uint16
}

// BFDCheck is BFD_CHECK.
type BFDCheck struct{ Name string }

// FileCheck is FILE_CHECK: the value of a tracked file times Weight is added to the weight of the real server.
type FileCheck struct {
	Name    string // of the track_file
	Weight  int32
	Reverse bool
}

func (HTTPCheck) checkDetail() {}
func (SMTPCheck) checkDetail() {}
func (DNSCheck) checkDetail()  {}
func (MiscCheck) checkDetail() {}
func (UDPCheck) checkDetail()  {}
func (BFDCheck) checkDetail()  {}

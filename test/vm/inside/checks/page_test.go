package checks

import (
	"crypto/md5"
	"fmt"
	"testing"
)

// url writes a url of a check; lines are separated by ";".
func url(path, lines string) string { return fmt.Sprintf("url {;path %s;%s;};", path, lines) }

// digest is the line for a page.
func digest(page string) string { return fmt.Sprintf("digest %x", md5.Sum([]byte(page))) }

const text = "one two ONE TWO\nthree four\n"

var down, up = outcome{moves: "-"}, outcome{}

// TestPages judges pages of a real web server.
func TestPages(t *testing.T) {
	t.Parallel()
	rows := kindOf("HTTP_GET", []row{
		{name: "a page", check: url("/text", ""), want: up},
		{name: "digest", check: url("/text", digest(text)), want: up},
		{name: "digest in capitals", check: url("/text", fmt.Sprintf("digest %X", md5.Sum([]byte(text)))), want: up},
		{name: "digest of another page", check: url("/text", digest("else")), want: down, why: "the digest is"},
		{name: "digest of a long page", check: url("/files", digest(bigPage)), want: up},
		{name: "digest of nothing", check: url("/nothing", digest("")), want: up},

		{name: "any success", check: url("/nothing", ""), want: up},
		{name: "moved", check: url("/moved", ""), want: down, why: "status 301"},
		{name: "not there", check: url("/not", ""), want: down, why: "status 404"},
		{name: "status", check: url("/not", "status_code 404"), want: up},
		{name: "status, not this one", check: url("/text", "status_code 404"), want: down, why: "status 200"},
		{name: "list of status", check: url("/teapot", "status_code 200 301 418"), want: up},
		{name: "list of status, not in it", check: url("/broken", "status_code 200 301 418"), want: down, why: "status 503"},
		{name: "range of status", check: url("/moved", "status_code 200-204 300-399"), want: up},
		{name: "end of a range", check: url("/moved", "status_code 302-399"), want: down, why: "status 301"},
		{name: "both ends of a range", check: url("/moved", "status_code 301-301"), want: up},
		{name: "status twice", check: url("/not", "status_code 200;status_code 404"), want: up},
		{name: "status that cannot be", check: url("/text", "status_code 99"), want: up},
		{name: "status before digest", check: url("/not", "status_code 200;"+digest("x")), want: down, why: "status 404"},

		{name: "regex", check: url("/text", "regex three"), want: up},
		{name: "regex, no match", check: url("/text", "regex five"), want: down, why: "no match for five"},
		{name: "regex with blanks", check: url("/text", `regex "TWO\nthree f"`), want: up},
		{name: "regex that must not match", check: url("/text", "regex five;regex_no_match"), want: up},
		{name: "regex that must not match, does", check: url("/text", "regex three;regex_no_match"), want: down, why: "and must not"},
		{name: "regex and digest", check: url("/text", "regex three;"+digest(text)), want: up},
		{name: "regex and digest of another page", check: url("/text", "regex three;"+digest("x")), want: down, why: "the digest is"},
		{name: "capitals matter", check: url("/text", "regex THREE"), want: down},
		{name: "caseless", check: url("/text", "regex THREE;regex_options caseless"), want: up},
		{name: "a dot is no line end", check: url("/text", "regex TWO.three"), want: down},
		{name: "dotall", check: url("/text", "regex TWO.three;regex_options dotall"), want: up},
		{name: "anchors", check: url("/text", `regex ^three`), want: down},
		{name: "multiline", check: url("/text", `regex "^three f";regex_options multiline`), want: up},
		{name: "extended", check: url("/text", `regex "th re e";regex_options extended`), want: up},
		{name: "two options", check: url("/text", `regex "TWO.THREE";regex_options caseless dotall`), want: up},
		{name: "what may go on", check: url("/text", `regex "ONE.*four";regex_options dotall`), want: down, why: "no match for ONE"},
		{name: "unheard-of option", check: url("/text", `regex THREE;regex_options wild caseless`), want: up},
		{name: "looks back", check: url("/text", `regex "(?<=TWO\n)three"`), want: up},
		{name: "back reference", check: url("/text", `regex "(o)ne tw\\1"`), want: up},
		{name: "end of a long page", check: url("/files", `regex "The end[.]"`), want: up},
		{name: "across what is read at a time", check: url("/files", `regex "(boy[.]\nAll[^.]*){40}"`), want: up},
		{name: "longer than what is read at a time", check: url("/files", `regex "All.*end";regex_options dotall`), want: down, why: "given up"},
		// What offsets count from depends on what comes along with the header.
		{name: "late", check: url("/files", `regex "The end";regex_min_offset 131000`), want: up},
		{name: "too late", check: url("/files", `regex "The end";regex_min_offset 133000`), want: down},
		{name: "too early", check: url("/files", `regex "The end";regex_max_offset 131000`), want: down},
		{name: "early enough", check: url("/files", `regex "The end";regex_max_offset 133000`), want: up},
		{name: "between", check: url("/files", `regex "The end";regex_min_offset 131000;regex_max_offset 133000`), want: up},
		{name: "not between", check: url("/files", `regex "The end";regex_min_offset 100;regex_max_offset 131000`), want: down},
		{name: "offsets the wrong way round", check: url("/files", `regex "The end";regex_min_offset 133000;regex_max_offset 100`), want: up},
		{name: "stack", check: url("/files", `regex "The end";regex_stack 32768 524288`), want: up},

		{name: "protocol", check: url("/protocol", digest("HTTP/1.0 ")), want: up},
		{name: "protocol 1.0", check: "http_protocol 1.0;" + url("/protocol", digest("HTTP/1.0 ")), want: up},
		{name: "protocol 1.0C", check: "http_protocol 1.0C;" + url("/protocol", digest("HTTP/1.0 close")), want: up},
		{name: "protocol 1.0c", check: "http_protocol 1.0c;" + url("/protocol", digest("HTTP/1.0 close")), want: up},
		{name: "protocol 1.1", check: "http_protocol 1.1;" + url("/protocol", digest("HTTP/1.1 close")), want: up},
		{name: "protocol 1.1C", check: "http_protocol 1.1C;" + url("/protocol", digest("HTTP/1.0 ")), want: up},
		{name: "host", check: url("/host", digest("virtual.example")), vs: "virtualhost virtual.example", want: up},

		{name: "TLS", kind: "SSL_GET", check: url("/text", digest(text)), want: up},
		{name: "TLS, long page", kind: "SSL_GET", check: url("/files", digest(bigPage)), want: up},
		{name: "TLS, digest of another page", kind: "SSL_GET", check: url("/text", digest("else")), want: down, why: "the digest is"},
		{name: "TLS, not there", kind: "SSL_GET", check: url("/not", ""), want: down, why: "status 404"},
		{name: "TLS, regex", kind: "SSL_GET", check: url("/files", `regex "The end[.]"`), want: up},
		{name: "TLS, no name", kind: "SSL_GET", check: "virtualhost a.example;" + url("/name", digest("")), want: up},
		{name: "TLS, name", kind: "SSL_GET", check: "enable_sni;virtualhost a.example;" + url("/name", digest("a.example")), want: up},
		{name: "TLS, protocol", kind: "SSL_GET", check: "http_protocol 1.1;" + url("/protocol", digest("HTTP/1.1 close")), want: up},
	})
	for i := range rows {
		rows[i].nginx = true
		rows[i].vs += ";connect_timeout 15"
	}
	newSite(t, rows).run()
}

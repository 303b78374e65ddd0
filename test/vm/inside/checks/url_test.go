package checks

import (
	"strings"
	"testing"
)

// good and bad are pages that pass and fail.
var good, bad = reply(page("hello")), reply(notFound)

// pathOnly has a server tell of the path alone.
func pathOnly(m manner) manner {
	return func(c *call) {
		c.show = func(request string) string {
			if words := strings.Fields(request); len(words) > 1 {
				return words[1]
			}
			return request
		}
		m(c)
	}
}

// get is the request of a check as servers tell of it.
func get(path, more, host string) string {
	return "GET " + path + "|User-Agent: KeepAliveClient|" + more + "Host: " + host
}

// TestRequests looks at what servers are asked for.
func TestRequests(t *testing.T) {
	t.Parallel()
	saw := func(request string) outcome { return outcome{saw: []string{request}} }
	plain := url("/", "")
	rows := kindOf("HTTP_GET", []row{
		{name: "address", check: plain, want: saw(get("/ HTTP/1.0", "", "ADDR:80"))},
		{name: "address, IPv6", six: true, check: plain, want: saw(get("/ HTTP/1.0", "", "ADDR:80"))},
		{name: "name of the virtual server", check: plain, vs: "virtualhost v", want: saw(get("/ HTTP/1.0", "", "v"))},
		{name: "name of the virtual server, IPv6", six: true, check: plain, vs: "virtualhost v", want: saw(get("/ HTTP/1.0", "", "v"))},
		{name: "name of the real server", check: plain, vs: "virtualhost v", rs: "virtualhost r", want: saw(get("/ HTTP/1.0", "", "r"))},
		{name: "name of the check", check: "virtualhost c;" + plain, vs: "virtualhost v", rs: "virtualhost r", want: saw(get("/ HTTP/1.0", "", "c"))},
		{name: "name of the url", check: "virtualhost c;" + url("/", "virtualhost u:8"), vs: "virtualhost v", rs: "virtualhost r",
			want: saw(get("/ HTTP/1.0", "", "u:8"))},
		{name: "names of two urls", check: "virtualhost c;" + url("/1", "virtualhost u") + url("/2", ""), loop: 1, asks: 2,
			want: outcome{saw: []string{get("/1 HTTP/1.0", "", "u"), get("/2 HTTP/1.0", "", "c")}}},
		{name: "protocol 1.0", check: "http_protocol 1.0;" + plain, want: saw(get("/ HTTP/1.0", "", "ADDR:80"))},
		{name: "protocol 1.0C", check: "http_protocol 1.0C;" + plain, want: saw(get("/ HTTP/1.0", "Connection: close|", "ADDR:80"))},
		{name: "protocol 1.1", check: "http_protocol 1.1;" + plain, want: saw(get("/ HTTP/1.1", "Connection: close|", "ADDR:80"))},
		{name: "protocol 1.1C", check: "http_protocol 1.1C;" + plain, want: saw(get("/ HTTP/1.0", "", "ADDR:80"))},
		{name: "query", check: url("/a/b?c=d&e=%20f", ""), want: saw(get("/a/b?c=d&e=%20f HTTP/1.0", "", "ADDR:80"))},
		{name: "path without slash", check: url("a", ""), want: saw(get("a HTTP/1.0", "", "ADDR:80"))},
		{name: "path with blanks", check: url(`"/a b"`, ""), want: saw(get("/a b HTTP/1.0", "", "ADDR:80"))},
		{name: "port of the check", check: "connect_port 8080;" + plain, port: 8080, want: saw(get("/ HTTP/1.0", "", "ADDR:8080"))},
	})
	for i := range rows {
		rows[i].serve = good
	}
	newSite(t, rows).run()
}

// TestUrls has several urls, of which some fail, and looks in which order and
// how soon they are asked for.
func TestUrls(t *testing.T) {
	t.Parallel()
	two, three := url("/1", "")+url("/2", ""), url("/1", "")+url("/2", "")+url("/3", "")
	rows := kindOf("HTTP_GET", []row{
		{name: "one after the other", serve: good, check: three, loop: 4, asks: 5,
			want: outcome{saw: []string{"/1", "/2", "/3", "/1", "/2"}, pace: []int{1, 1, 1, 1}}},
		{name: "fast", serve: good, check: three + "fast_recovery", loop: 4, asks: 4,
			want: outcome{saw: []string{"/1", "/2", "/3", "/1"}, pace: []int{0, 0, 1}}},
		{name: "fast, not", serve: good, check: two + "fast_recovery false", loop: 4, asks: 2,
			want: outcome{saw: []string{"/1", "/2"}, pace: []int{1}}},
		{name: "alpha", serve: good, check: two + "alpha", loop: 4, asks: 3,
			want: outcome{moves: "+", saw: []string{"/1", "/2", "/1"}, pace: []int{1, 1}}},
		{name: "alpha, fast", serve: good, check: two + "alpha;fast_recovery", loop: 4, asks: 3,
			want: outcome{moves: "+", saw: []string{"/1", "/2", "/1"}, pace: []int{0, 1}}},
		{name: "alpha, fails at first", serve: turns(bad, good), check: two + "alpha;" + soon, loop: 4, asks: 4,
			want: outcome{moves: "+", saw: []string{"/1", "/1", "/1", "/2"}, pace: []int{1, 1, 1}}},

		// The first failure counts, whatever retry says.
		{name: "fails at first", serve: turns(bad, good), check: two + "retry 3;" + soon, loop: 4, asks: 4,
			want: outcome{moves: "-+", saw: []string{"/1", "/1", "/1", "/2"}, pace: []int{1, 1, 1}}},
		{name: "second fails at first", serve: turns(good, bad, good), check: two + "retry 3;" + soon, loop: 4, asks: 5,
			want: outcome{moves: "-+", saw: []string{"/1", "/2", "/2", "/1", "/2"}, pace: []int{1, 1, 1, 1}}},
		{name: "second fails at first, fast", serve: turns(good, bad, good), check: two + "fast_recovery;retry 3;" + soon, loop: 4, asks: 6,
			want: outcome{moves: "-+", saw: []string{"/1", "/2", "/2", "/1", "/2", "/1"}, pace: []int{0, 1, 0, 0, 1}}},
		// As many failures as there are retries are none.
		{name: "default of retry", serve: turns(good, bad, good), check: url("/1", "") + soon, loop: 5, asks: 4,
			want: outcome{pace: []int{1, 0, 1}}},
		{name: "default of retry, one more", serve: turns(good, bad, bad, good), check: url("/1", "") + soon, loop: 4, asks: 6,
			want: outcome{moves: "-+", pace: []int{1, 0, 1, 1, 1}}},
		{name: "no retry", serve: turns(good, bad, good), check: url("/1", "") + "retry 0;" + soon, loop: 4, asks: 4,
			want: outcome{moves: "-+", pace: []int{1, 1, 1}}},
		{name: "retries", serve: turns(good, bad, bad, bad, good), check: url("/1", "") + "retry 3;" + soon, loop: 5, asks: 6,
			want: outcome{pace: []int{1, 0, 0, 0, 1}}},
		{name: "retries, one more", serve: turns(good, bad, bad, bad, bad, good), check: url("/1", "") + "retry 3;" + soon, loop: 5, asks: 7,
			want: outcome{moves: "-+", pace: []int{1, 0, 0, 0, 1, 1}}, why: "failed after 3 retries"},
		{name: "old name of retry", serve: turns(good, bad, bad, bad, good), check: url("/1", "") + "nb_get_retry 3;" + soon, loop: 5, asks: 6,
			want: outcome{pace: []int{1, 0, 0, 0, 1}}},
		{name: "retries of the virtual server", serve: turns(good, bad, bad, good), check: url("/1", ""), vs: "retry 2;" + soon, loop: 5, asks: 4,
			want: outcome{pace: []int{1, 0, 0}}},
		{name: "retries of the real server", serve: turns(good, bad, bad, good), check: url("/1", ""), vs: "retry 9;" + soon, rs: "retry 1", loop: 4, asks: 5,
			want: outcome{moves: "-+", pace: []int{1, 0, 1, 1}}},
		{name: "a longer pause before a retry", serve: turns(good, bad, bad, good), check: url("/1", "") + "retry 1;delay_before_retry 6", loop: 3, asks: 5,
			want: outcome{moves: "-+", pace: []int{1, 2, 2, 1}}},
		{name: "retries of the second", serve: turns(good, good, good, bad, bad, bad, good), check: two + "retry 2;" + soon, loop: 4, asks: 9,
			want: outcome{moves: "-+", saw: []string{"/1", "/2", "/1", "/2", "/2", "/2", "/2", "/1", "/2"}, pace: []int{1, 1, 1, 0, 0, 1, 1, 1}}},
		{name: "both in turn", serve: turns(good, bad, good, bad, good), check: two + "retry 1;" + soon, loop: 4, asks: 6,
			want: outcome{moves: "-+", saw: []string{"/1", "/2", "/2", "/1", "/1", "/2"}, pace: []int{1, 1, 1, 0, 1}}},
	})
	for i := range rows {
		rows[i].serve = pathOnly(rows[i].serve)
	}
	newSite(t, rows).run()
}

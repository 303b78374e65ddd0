package checks

import "testing"

// soon is a pause before a retry that cannot be taken for a delay_loop.
const soon = "delay_before_retry 0.2"

// TestPorts checks whether ports are open.
func TestPorts(t *testing.T) {
	t.Parallel()
	newSite(t, kindOf("TCP_CHECK", []row{
		{name: "accepts", serve: accept},
		{name: "accepts, IPv6", serve: accept, six: true},
		{name: "refuses", want: outcome{moves: "-"}, why: "connection refused"},
		{name: "refuses, IPv6", six: true, want: outcome{moves: "-"}, why: "connection refused"},
		{name: "drops", refuse: "always", check: "connect_timeout 2", want: outcome{moves: "-"}, why: "no answer in time"},
		{name: "drops, time of the real server", refuse: "always", rs: "connect_timeout 2", want: outcome{moves: "-"}, why: "no answer in time"},
		{name: "drops, time of the virtual server", refuse: "always", vs: "connect_timeout 2", want: outcome{moves: "-"}, why: "no answer in time"},
		{name: "has no route", real: "10.99.0.1", want: outcome{moves: "-"}, why: "network is unreachable"},
		{name: "stays with a weight of 0", rs: "inhibit_on_failure", want: outcome{moves: "-"}},

		// The first failure counts, whatever retry says.
		{name: "refuses at first", serve: accept, refuse: "0", check: "retry 3;" + soon, loop: 2, asks: 2, want: outcome{moves: "-+"}},
		// As many failures as there are retries are none.
		{name: "default of retry", serve: accept, refuse: "1", check: soon, loop: 5, asks: 3,
			want: outcome{pace: []int{1, 1}}},
		{name: "default of retry, one more", serve: accept, refuse: "1-2", check: soon, loop: 4, asks: 3,
			want: outcome{moves: "-+", pace: []int{2, 1}}},
		{name: "no retry", serve: accept, refuse: "1", check: "retry 0;" + soon, loop: 4, asks: 2,
			want: outcome{moves: "-+", pace: []int{2}}},
		{name: "retries", serve: accept, refuse: "1-3", check: "retry 3;" + soon, loop: 5, asks: 3,
			want: outcome{pace: []int{1, 1}}},
		{name: "retries, one more", serve: accept, refuse: "1-4", check: "retry 3;" + soon, loop: 4, asks: 3,
			want: outcome{moves: "-+", pace: []int{2, 1}}, why: "failed after 3 retries"},
		{name: "retries of the virtual server", serve: accept, refuse: "1-3", vs: "retry 2;" + soon, loop: 4, asks: 2,
			want: outcome{moves: "-+", pace: []int{2}}, why: "failed after 2 retries"},
		{name: "retries of the real server", serve: accept, refuse: "1-3", vs: "retry 9;" + soon, rs: "retry 2", loop: 4, asks: 2,
			want: outcome{moves: "-+", pace: []int{2}}, why: "failed after 2 retries"},
		{name: "a longer pause before a retry", serve: accept, refuse: "1-2", check: "retry 2;delay_before_retry 6", loop: 3, asks: 2,
			want: outcome{pace: []int{5}}},
		{name: "down for long", serve: accept, refuse: "1-4", check: "retry 1;" + soon, loop: 4, asks: 2,
			want: outcome{moves: "-+", pace: []int{4}}, peer: &outcome{moves: "-+", pace: []int{3}},
			because: "until 2.3.2 a failure while it is down has retries, too"},

		{name: "alpha", serve: accept, check: "alpha", want: outcome{moves: "+"}},
		{name: "alpha of the real server", serve: accept, rs: "alpha", want: outcome{moves: "+"}},
		{name: "alpha of the virtual server", serve: accept, vs: "alpha", want: outcome{moves: "+"}},
		{name: "alpha, refuses", check: "alpha"},
		{name: "alpha, refuses at first", serve: accept, refuse: "0-1", check: "alpha;retry 5;" + soon, loop: 2, want: outcome{moves: "+"}},
		{name: "alpha, then retries", serve: accept, refuse: "1-2", check: "alpha;retry 2;" + soon, loop: 4, asks: 2,
			want: outcome{moves: "+", pace: []int{1}}},
	})).run()
}

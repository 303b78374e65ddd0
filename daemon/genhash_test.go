package daemon

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"keepalived-go/check/genhash"
	"keepalived-go/config"
)

func TestParseGenhash(t *testing.T) {
	base := genhash.Options{Server: netip.MustParseAddr("127.0.0.1"), Port: 80, URL: "/", Timeout: genhash.DefaultTimeout}
	with := func(change func(*genhash.Options)) genhash.Options { o := base; change(&o); return o }
	for _, row := range []struct {
		words string
		want  genhash.Options
	}{
		{"-s 127.0.0.1 -p 80 -u /", base},
		{"-s127.0.0.1 -p80 -u/", base},
		{"--server=127.0.0.1 --port 80 --url /", base},
		{"--serv 127.0.0.1 --po 80 --ur /", base},
		{"-s 127.0.0.1 -p +80 -u /", base},
		{"-s 10.0.0.1 -s 127.0.0.1 -p 80 -u /x -u /", base},
		{"-vSIs 127.0.0.1 -p 80 -u /", with(func(o *genhash.Options) { o.Verbose, o.SSL, o.SNI = true, true, true })},
		{"-s ::1 -p 80 -u / -V host", with(func(o *genhash.Options) { o.Server, o.VirtualHost = netip.IPv6Loopback(), "host" })},
		{"-s 127.0.0.1 -p 80 -u / -P 1.0c -m 7", with(func(o *genhash.Options) { o.Version, o.Mark = config.HTTP10Close, 7 })},
		{"-s 127.0.0.1 -p 80 -u / -P 1.1 -t 3", with(func(o *genhash.Options) { o.Version, o.Timeout = config.HTTP11, 3*time.Second })},
	} {
		if got, err := parseGenhash(strings.Fields(row.words)); got != row.want || err != nil {
			t.Errorf("%s: %+v, %v, want %+v", row.words, got, err, row.want)
		}
	}
}

// TestGenhashMistakes has the words that Debian's genhash says.
func TestGenhashMistakes(t *testing.T) {
	for words, want := range map[string]string{
		"":                           "",
		"-h -v":                      "",
		"-s 1.2.3.4 -p 80":           "",
		"-s host -p 80 -u /":         "server should be an IP, not host\n",
		"-s 1.2.3 -p 80 -u /":        "server should be an IP, not 1.2.3\n",
		"-p 0 -u /":                  "invalid port number '0'\n",
		"-p 70000 -u /":              "invalid port number '70000'\n",
		"-m x -s 1":                  "invalid fwmark 'x'\n",
		"-t x -s 1":                  "invalid timeout 'x'\n",
		"-P 2 -s 1":                  "invalid HTTP protocol version '2'\n",
		"-x -y -s host":              "Unknown option -x\nUnknown option -y\nserver should be an IP, not host\n",
		"-vx -S":                     "Unknown option -x\n",
		"--foo --bar=3":              "Unknown option --foo\nUnknown option --bar=3\n",
		"-v --use":                   "Unknown option --use\n",
		"--verbose=x -v":             "Unknown option --verbose=x\n",
		"-v -p":                      "Missing parameter for option -p\n",
		"-v --port":                  "Missing parameter for option --port\n",
		"-s 1.2.3.4 -p 80 a -u / b":  "Unexpected argument(s): a b\n",
		"-s 1.2.3.4 -p 80 -u / -- c": "Unexpected argument(s): c\n",
	} {
		if got, err := parseGenhash(strings.Fields(words)); err == nil || err.Error() != want {
			t.Errorf("%s: %+v, %v, want %q", words, got, err, want)
		}
	}
}

func TestGenhashUsage(t *testing.T) {
	var out, said strings.Builder
	if code := runGenhash("keepalived", "keepalived --genhash", []string{"-h"}, &out, &said); code != exitFatal {
		t.Errorf("status %d", code)
	}
	if !strings.HasPrefix(said.String(), "Usage: keepalived --genhash COMMAND [OPTIONS]\nCommands:\n") || out.String() != "" {
		t.Errorf("output %q, error %q", out.String(), said.String())
	}
	for words, asked := range map[string]bool{"-T -v": true, "--genhash": true, "-n -T": false, "": false} {
		if _, got := genhashWords(strings.Fields(words)); got != asked {
			t.Errorf("%q: %v", words, got)
		}
	}
}

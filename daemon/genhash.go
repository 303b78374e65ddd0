package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"keepalived-go/check/genhash"
	"keepalived-go/config"
	"keepalived-go/daemon/early"
)

// Genhash is the program genhash: args with the name of the program first. It gives the exit status, which is 1 for a
// faulty command line and 0 for everything else, as upstream has it.
func Genhash(args []string) int {
	early.HandOver()
	if len(args) < 3 {
		// Less than two words say nothing that could be right, so nothing is said of what is wrong with them.
		fmt.Fprintf(os.Stderr, genhashUsage, args[0])
		return 1
	}
	return runGenhash(args[0], args[0], args[1:], os.Stdout, os.Stderr)
}

// genhashWords are the words after -T or --genhash of keepalived, which has to come first.
func genhashWords(args []string) (words []string, asked bool) {
	if len(args) > 0 && (args[0] == "-T" || args[0] == "--genhash") {
		return args[1:], true
	}
	return nil, false
}

// runGenhash runs a digest request. usage is how the program was called.
func runGenhash(name, usage string, words []string, stdout, stderr io.Writer) int {
	o, err := parseGenhash(words)
	if err != nil {
		fmt.Fprint(stderr, err, fmt.Sprintf(genhashUsage, usage))
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := genhash.Run(ctx, o, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}

// genhashSet describes the options of genhash. Values are checked when they are met.
func genhashSet(o *genhash.Options, given map[string]bool) *pflag.FlagSet {
	s := pflag.NewFlagSet("genhash", pflag.ContinueOnError)
	s.SetOutput(io.Discard)
	value := func(name, short string, set func(string) error) {
		s.VarP(&checkedValue{set: func(v string) error { given[name] = true; return set(v) }}, name, short, "")
	}
	s.BoolVarP(&o.SSL, "use-ssl", "S", false, "")
	s.BoolVarP(&o.SNI, "use-sni", "I", false, "")
	s.BoolVarP(&o.Verbose, "verbose", "v", false, "")
	s.BoolP("help", "h", false, "")
	value("server", "s", func(v string) (err error) {
		if o.Server, err = netip.ParseAddr(v); err != nil {
			return fmt.Errorf("server should be an IP, not %s", v)
		}
		return nil
	})
	value("port", "p", func(v string) error {
		n, err := strconv.ParseInt(strings.TrimLeft(v, " \t"), 10, 64)
		if err != nil || n <= 0 || n > 65535 {
			return fmt.Errorf("invalid port number '%s'", v)
		}
		o.Port = uint16(n)
		return nil
	})
	value("url", "u", func(v string) error { o.URL = v; return nil })
	value("use-virtualhost", "V", func(v string) error { o.VirtualHost = v; return nil })
	value("fwmark", "m", func(v string) error {
		n, err := strconv.ParseUint(strings.TrimLeft(v, " \t"), 10, 32)
		if err != nil {
			return fmt.Errorf("invalid fwmark '%s'", v)
		}
		o.Mark = uint32(n)
		return nil
	})
	value("protocol", "P", func(v string) error { return genhashVersion(v, &o.Version) })
	value("timeout", "t", func(v string) error {
		n, err := strconv.ParseUint(strings.TrimLeft(v, " \t"), 10, 31)
		if err != nil {
			return fmt.Errorf("invalid timeout '%s'", v)
		}
		o.Timeout = time.Duration(n) * time.Second
		return nil
	})
	s.SetNormalizeFunc(unambiguous(s))
	return s
}

func genhashVersion(word string, v *config.HTTPVersion) error {
	switch word {
	case "1.0":
		*v = config.HTTP10
	case "1.0c", "1.0C":
		*v = config.HTTP10Close
	case "1.1":
		*v = config.HTTP11
	default:
		return fmt.Errorf("invalid HTTP protocol version '%s'", word)
	}
	return nil
}

// checkedValue is an option whose value is looked at when it is met.
type checkedValue struct {
	set  func(string) error
	last error
}

func (v *checkedValue) String() string { return "" }
func (v *checkedValue) Type() string   { return "value" }
func (v *checkedValue) Set(s string) error {
	v.last = v.set(s)
	return v.last
}

// parseGenhash reads the words one by one, as unknown ones are told all at once and a faulty value ends it. The text
// of the error ends with a newline, or is empty when the usage says enough.
func parseGenhash(words []string) (genhash.Options, error) {
	o := genhash.Options{Timeout: genhash.DefaultTimeout}
	given := map[string]bool{}
	set := genhashSet(&o, given)
	var said strings.Builder
	var extra []string
	for i := 0; i < len(words); i++ {
		if words[i] == "--" {
			extra = append(extra, words[i+1:]...)
			break
		}
		if len(words[i]) < 2 || words[i][0] != '-' {
			extra = append(extra, words[i])
			continue
		}
		word, next, err := separateValue(set, words[i])
		one := []string{word}
		if next && i+1 < len(words) {
			i++
			one = append(one, words[i])
		}
		if err == nil {
			err = set.Parse(one)
		}
		if fault := valueError(set); fault != nil {
			return o, usageError(fmt.Sprintf("%s%v\n", said.String(), fault))
		}
		if err != nil {
			fmt.Fprintln(&said, optionError(err))
		}
	}
	switch {
	case said.Len() > 0 || set.Changed("help"):
		return o, usageError(said.String())
	case len(extra) > 0:
		return o, usageError("Unexpected argument(s): " + strings.Join(extra, " ") + "\n")
	case !given["server"] || !given["port"] || !given["url"]:
		return o, usageError("")
	}
	return o, nil
}

// valueError is what was wrong with the value of an option.
func valueError(set *pflag.FlagSet) error {
	var found error
	set.VisitAll(func(f *pflag.Flag) {
		if v, ok := f.Value.(*checkedValue); ok {
			found = errors.Join(found, v.last)
		}
	})
	return found
}

// genhashUsage is printed with every faulty command line; it is upstream's contract, with its quotes as they are.
const genhashUsage = "Usage: %s COMMAND [OPTIONS]\n" + `Commands:
   -s server-address -p port -u url
   -S -s server-address -p port -u url
   -h

Options:
Either long or short options are allowed.
   --use-ssl         -S       Use SSL connection to remote server.
   --use-sni         -I       Use SNI during SSL handshake (uses virtualhost setting; see -V).
   --server          -s       Use the specified remote server address.
   --port            -p       Use the specified remote server port.
   --url             -u       Use the specified remote server url.
   --use-virtualhost -V       Use the specified virtualhost in GET query.
   --verbose         -v       Use verbose mode output.
   --help            -h       Display this short inlined help screen.
   --fwmark          -m       Use the specified FW mark.
   --protocol        -P       Use the specified HTTP protocol - '1.0', 1.0c', '1.1'.
                                1.0c means 1.0 with 'Connection: close'
   --timeout         -t       Timeout in seconds
`

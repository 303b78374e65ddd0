package daemon

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// Options is the command line, as in keepalived(8).
type Options struct {
	ConfigFile    string // -f
	VRRPOnly      bool   // -P
	CheckOnly     bool   // -C
	NoBFD         bool   // -B
	All           bool   // --all
	Console       bool   // -l
	Detail        int    // -D, counted
	Facility      string // -S
	NoSyslog      bool   // -G
	Umask         string // -u
	ReleaseVIPs   bool   // -X
	KeepVRRP      bool   // -V
	KeepIPVS      bool   // -I
	NoRespawn     bool   // -R
	Foreground    bool   // -n
	Dump          bool   // -d
	PIDFile       string // -p
	VRRPPIDFile   string // -r
	CheckPIDFile  string // -c
	BFDPIDFile    string // -b
	Namespace     string // -s
	ConfigID      string // -i
	AllConfig     bool   // -e
	IgnoreSigint  bool
	TestConfig    bool   // -t
	TestLog       string // -t LOG_FILE
	Version       bool
	Help          bool
	Signum        string
	signumGiven   bool
	Genhash       bool
	Reload        bool            // --reload, ours
	TestFormat    string          // --config-test-format, ours; "" is text
	ConfigDiff    string          // --config-diff, ours
	CoreDump      bool            // -m
	CorePattern   string          // -M; "" is none
	AddressChange bool            // -a
	chosen        map[string]bool // options that were given
	extra         []string        // words that are no option
	withoutEffect []string        // options that were given and do nothing yet
}

// Paths of the command line's defaults.
const (
	defaultConfig   = "/etc/keepalived/keepalived.conf"
	defaultPID      = "/run/keepalived.pid"
	defaultVRRPPID  = "/run/vrrp.pid"
	defaultCheckPID = "/run/checkers.pid"
	defaultBFDPID   = "/run/bfd.pid"
)

// optionalValue marks an option whose argument may be left out; it is what stands for the missing one.
const optionalValue = "\x00"

// ParseOptions reads a command line without argv[0].
func ParseOptions(arguments []string) (Options, error) {
	var o Options
	set := optionSet(&o)
	words, err := separateValues(set, arguments)
	if parsing := set.Parse(words); parsing != nil {
		err = optionError(parsing)
	}
	switch {
	case o.Version || o.Help:
		return o, nil // what comes after them does not matter
	case err != nil:
		return o, err
	}
	if set.Changed("log-file") || set.Changed("flush-log-file") {
		return o, errors.New("-g requires configure option --enable-log-file")
	}
	if o.TestFormat != "" && o.TestFormat != formatText && o.TestFormat != formatJSON {
		return o, usageError(fmt.Sprintf("Unknown --config-test-format '%s', want text or json", o.TestFormat))
	}
	o.extra = set.Args()
	o.signumGiven = set.Changed("signum")
	o.TestConfig = set.Changed("config-test")
	o.TestLog = strings.TrimPrefix(o.TestLog, optionalValue)
	o.chosen = map[string]bool{}
	set.Visit(func(f *pflag.Flag) {
		o.chosen[f.Name] = true
		if _, idle := f.Annotations[idleOption]; idle {
			o.withoutEffect = append(o.withoutEffect, f.Name)
		}
	})
	return o, nil
}

// separateValues gives pflag the words in the form in which it understands them as getopt_long does. -tFILE becomes
// -t=FILE, because its value may be left out; a value that begins with = keeps it. The error is about the word after
// those that are returned.
func separateValues(set *pflag.FlagSet, arguments []string) ([]string, error) {
	words := make([]string, 0, len(arguments))
	for i := 0; i < len(arguments); i++ {
		word, next, err := separateValue(set, arguments[i])
		if err != nil {
			return words, err
		}
		words = append(words, word)
		switch {
		case word == "--":
			return append(words, arguments[i+1:]...), nil
		case next && i+1 < len(arguments):
			i++
			if arguments[i] == "" && strings.HasPrefix(word, "--") {
				return words, missingValue(word)
			}
			words = append(words, arguments[i])
		}
	}
	return words, nil
}

// separateValue rewrites one word. next tells that the word after it is its value.
func separateValue(set *pflag.FlagSet, word string) (rewritten string, next bool, err error) {
	if name, long := strings.CutPrefix(word, "--"); long {
		name, value, attached := strings.Cut(name, "=")
		flag := set.Lookup(name)
		switch {
		case flag == nil:
			return word, false, unknownLong(word)
		case attached && takesNoValue(flag):
			return word, false, unknownLong(word)
		case attached && value == "" && flag.NoOptDefVal == "":
			return word, false, missingValue("--" + flag.Name)
		}
		return word, flag.NoOptDefVal == "" && !attached, nil
	}
	if len(word) < 2 || word[0] != '-' {
		return word, false, nil
	}
	for i := 1; i < len(word); i++ {
		flag := set.ShorthandLookup(word[i : i+1])
		switch last := i+1 == len(word); {
		case flag == nil || takesNoValue(flag):
		case last:
			return word, flag.NoOptDefVal == "", nil
		case flag.NoOptDefVal != "" || word[i+1] == '=':
			return word[:i+1] + "=" + word[i+1:], false, nil
		default:
			return word, false, nil
		}
	}
	return word, false, nil
}

// unknownLong is about a whole word, as upstream has it; -- alone is no option.
func unknownLong(word string) error {
	if word == "--" {
		return nil
	}
	//lint:ignore ST1005 the text is a contract
	return fmt.Errorf("Unknown option %s", word)
}

// missingValue is about a long option with an empty value, which upstream takes for none.
func missingValue(option string) error {
	return usageError("Missing parameter for option " + option)
}

// takesNoValue tells whether an option is a switch.
func takesNoValue(f *pflag.Flag) bool {
	kind := f.Value.Type()
	return kind == "bool" || kind == "count"
}

// complaints are what is said about the command line before the start goes on.
func (o Options) complaints() []string {
	var said []string
	if !o.facilityKnown() {
		said = append(said, fmt.Sprintf("Invalid log facility '%s'", o.Facility))
	}
	if _, ok := parseMask(o.Umask); o.Umask != "" && !ok {
		said = append(said, "Invalid --umask option "+o.Umask)
	}
	return said
}

func (o Options) facilityKnown() bool {
	_, ok := facilityCode(o.Facility)
	return ok
}

// defaultMask is the umask of a daemon that nobody has told another one.
const defaultMask = 0o177

// mask is the umask of the command line.
func (o Options) mask() int {
	if m, ok := parseMask(o.Umask); ok {
		return m
	}
	return defaultMask
}

// parseMask reads a number in any of C's notations, at most 0777.
func parseMask(s string) (mask int, ok bool) {
	n, err := strconv.ParseUint(s, 0, 32)
	return int(n), err == nil && n <= 0o777
}

// idleOption marks an option that is read and does nothing yet.
const idleOption = "idle"

// optionSet describes every option of the contract. Those without effect yet are read all the same.
func optionSet(o *Options) *pflag.FlagSet {
	s := pflag.NewFlagSet("keepalived", pflag.ContinueOnError)
	s.SetOutput(io.Discard)
	s.SortFlags = false
	s.StringVarP(&o.ConfigFile, "use-file", "f", defaultConfig, "use the configuration `FILE`")
	s.BoolVarP(&o.VRRPOnly, "vrrp", "P", false, "run the VRRP child only")
	s.BoolVarP(&o.CheckOnly, "check", "C", false, "run the health checker child only")
	s.BoolVarP(&o.NoBFD, "no_bfd", "B", false, "do not run the BFD child")
	s.BoolVar(&o.All, "all", false, "run every child, with or without configuration for it")
	s.BoolVarP(&o.Console, "log-console", "l", false, "log to the terminal too")
	s.CountVarP(&o.Detail, "log-detail", "D", "log in detail; twice: more")
	s.StringVarP(&o.Facility, "log-facility", "S", "", "syslog `FACILITY`: 0 to 7 (local0 to local7), user or daemon")
	s.StringP("log-file", "g", "", "not built in")
	s.Lookup("log-file").NoOptDefVal = "/tmp/keepalived.log"
	s.Bool("flush-log-file", false, "not built in")
	s.BoolVarP(&o.NoSyslog, "no-syslog", "G", false, "do not log to syslog")
	s.StringVarP(&o.Umask, "umask", "u", "", "`MASK` of the files that are created")
	s.BoolVarP(&o.ReleaseVIPs, "release-vips", "X", false, "take addresses off even if another run has set them; this is always done")
	s.BoolVarP(&o.KeepVRRP, "dont-release-vrrp", "V", false, "leave addresses on their interfaces at the end")
	s.BoolVarP(&o.KeepIPVS, "dont-release-ipvs", "I", false, "leave virtual servers in the kernel at the end")
	s.BoolVarP(&o.NoRespawn, "dont-respawn", "R", false, "do not start a dead child again")
	s.BoolVarP(&o.Foreground, "dont-fork", "n", false, "stay in the foreground")
	s.BoolVarP(&o.Dump, "dump-conf", "d", false, "log the configuration as it was read")
	s.StringVarP(&o.PIDFile, "pid", "p", defaultPID, "pid `FILE` of the parent")
	s.StringVarP(&o.VRRPPIDFile, "vrrp_pid", "r", defaultVRRPPID, "pid `FILE` of the VRRP child")
	s.BoolVarP(&o.Genhash, "genhash", "T", false, "compute a digest; the other words are options of genhash")
	s.StringVarP(&o.CheckPIDFile, "checkers_pid", "c", defaultCheckPID, "pid `FILE` of the checker child")
	s.BoolVarP(&o.AddressChange, "address-monitoring", "a", false, "log every change of addresses")
	s.StringVarP(&o.BFDPIDFile, "bfd_pid", "b", defaultBFDPID, "pid `FILE` of the BFD child")
	s.BoolP("snmp", "x", false, "not built in")
	s.StringP("snmp-agent-socket", "A", "", "not built in")
	s.StringVarP(&o.Namespace, "namespace", "s", "", "run in the network namespace `NAME`")
	s.BoolVarP(&o.CoreDump, "core-dump", "m", false, "allow core dumps")
	s.StringVarP(&o.CorePattern, "core-dump-pattern", "M", "", "`PATTERN` of core files")
	s.Lookup("core-dump-pattern").NoOptDefVal = "core"
	s.BoolVarP(&o.AllConfig, "all-config", "e", false, "a missing include is an error")
	s.StringVarP(&o.ConfigID, "config-id", "i", "", "`ID` that @id lines are compared with")
	s.BoolVar(&o.IgnoreSigint, "ignore-sigint", false, "ignore SIGINT")
	s.StringVar(&o.Signum, "signum", "", "print the number of the signal for `FUNC`")
	s.StringVar(&o.TestFormat, "config-test-format", "", "with -t or --config-diff: `FORMAT` of the answer, text or json")
	s.StringVar(&o.ConfigDiff, "config-diff", "", "print what a reload to the configuration `FILE` would change, and exit")
	s.BoolVar(&o.Reload, reloadOption, false, "have the running daemon read its configuration, wait, and say what came of it")
	s.StringVarP(&o.TestLog, "config-test", "t", "", "check the configuration and exit; complaints go to `LOG_FILE` if given")
	s.Lookup("config-test").NoOptDefVal = optionalValue
	s.BoolVarP(&o.Version, "version", "v", false, "print the version and exit")
	s.BoolVarP(&o.Help, "help", "h", false, "print this text and exit")
	hiddenOptions(s)
	for _, name := range []string{
		"no_bfd", "bfd_pid", "snmp", "snmp-agent-socket",
		"no-mem-check", "mem-check-log", "openssl-mem-check", "perf", "debug",
	} {
		s.Lookup(name).Annotations = map[string][]string{idleOption: nil}
	}
	s.SetNormalizeFunc(unambiguous(s))
	return s
}

// hiddenOptions are those of special builds of upstream. They are read so that no start fails because of them.
func hiddenOptions(s *pflag.FlagSet) {
	s.Bool("no-mem-check", false, "")
	s.BoolP("mem-check-log", "L", false, "")
	s.BoolP("openssl-mem-check", "O", false, "")
	s.String("config-fd", "", "")
	for _, name := range []string{"perf", "debug"} {
		s.String(name, "", "")
		s.Lookup(name).NoOptDefVal = optionalValue
	}
	for _, name := range []string{"no-mem-check", "mem-check-log", "openssl-mem-check", "config-fd", "perf", "debug"} {
		s.Lookup(name).Hidden = true
	}
}

// reloadOption is ours.
const reloadOption = "reload"

// ownOptions are ours. They have no short forms and cannot be cut short, so that what was unambiguous stays so.
var ownOptions = []string{reloadOption, "config-test-format", "config-diff"}

// unambiguous lets an option be cut short as long as only one begins like that, the way getopt_long does.
func unambiguous(s *pflag.FlagSet) func(*pflag.FlagSet, string) pflag.NormalizedName {
	names := map[string]bool{}
	s.VisitAll(func(f *pflag.Flag) { names[f.Name] = true })
	return func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if names[name] {
			return pflag.NormalizedName(name)
		}
		var found []string
		for n := range names {
			if strings.HasPrefix(n, name) && !slices.Contains(ownOptions, n) {
				found = append(found, n)
			}
		}
		if len(found) == 1 && name != "" {
			return pflag.NormalizedName(found[0])
		}
		return pflag.NormalizedName(name)
	}
}

// usageError is a complaint about the command line in upstream's words.
type usageError string

func (e usageError) Error() string { return string(e) }

// optionError says what is wrong in the words that scripts around keepalived know.
func optionError(err error) error {
	var missing *pflag.ValueRequiredError
	if errors.As(err, &missing) {
		if missing.GetSpecifiedShortnames() != "" {
			return usageError(fmt.Sprintf("Missing parameter for option -%s", missing.GetFlag().Shorthand))
		}
		return usageError(fmt.Sprintf("Missing parameter for option --%s", missing.GetSpecifiedName()))
	}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		if unknown.GetSpecifiedShortnames() != "" {
			return usageError(fmt.Sprintf("Unknown option -%s", unknown.GetSpecifiedName()))
		}
		return usageError(fmt.Sprintf("Unknown option --%s", unknown.GetSpecifiedName()))
	}
	return err
}

// facilityCode gives the syslog facility; ok is false for a word that is none.
func facilityCode(name string) (code int, ok bool) {
	switch name {
	case "", "daemon":
		return 3, true
	case "user":
		return 1, true
	}
	digit := strings.TrimPrefix(name, "local")
	if len(digit) != 1 || digit[0] < '0' || digit[0] > '7' {
		return 3, false
	}
	return 16 + int(digit[0]-'0'), true
}

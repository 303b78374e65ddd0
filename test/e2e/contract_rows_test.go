package e2e

import (
	"slices"

	"keepalived-go/test/lab"
)

// Files of the default places.
const (
	vrrpPID    = "/run/vrrp.pid"
	checkerPID = "/run/checkers.pid"
	parentPID  = "/run/keepalived.pid"
)

// commandLineRows has a row for each one of testdata/cli.tsv.
var commandLineRows = map[string]contractRow{
	"option|-f|--use-file": {runs: []commandRun{
		{words: "-t -f {good}"},
		{words: "-Dtx -f{good}"},
		{words: "-t --use-file={good}"},
		{words: "-t --use-file {good}"},
		{words: "-t --use={good}"},
		{words: "-t --u={good}", status: 1, stderr: "Unknown option --u"},
		{words: "-t -f " + lab.Dir + "/goo*.conf"},
		{words: "-n -f /none", status: 6, newer: true, stderr: "no configuration file"},
	}},
	"option|-P|--vrrp": {
		runs:  checked(false, "-P", "--vrrp", "-lP"),
		lives: []daemonLife{{words: "-P", there: []string{parentPID, vrrpPID}, absent: []string{checkerPID}}},
	},
	"option|-C|--check":  {runs: checked(false, "-C", "--check"), tests: []string{"inside.TestChildrenKilled"}},
	"option|-B|--no_bfd": {runs: checked(false, "-B", "--no_bfd", "--no_"), lives: []daemonLife{{words: "-B", there: []string{parentPID, vrrpPID}, absent: []string{"/run/bfd.pid"}}}},
	"option||--all":      {runs: checked(false, "--all"), tests: []string{"daemon.TestOptionsOfTheContract"}},
	"option|-l|--log-console": {
		runs:  checked(false, "-l", "--log-console"),
		lives: []daemonLife{{words: "--log-c", says: []string{"Starting VRRP child process, pid="}, there: []string{vrrpPID}}},
	},
	"option|-D|--log-detail": {
		runs:  checked(false, "-D", "-DD", "--log-detail", "--log-d"),
		lives: []daemonLife{{words: "-D", says: []string{"Sending/queueing gratuitous ARPs on eth0 for 192.168.4.80"}, there: []string{vrrpPID}}},
	},
	"option|-S|--log-facility": {
		runs:  append(checked(false, "-S 0", "-S7", "--log-facility=3", "--log-facility 3"), commandRun{words: "-t -S mail -f {good}", status: 5, stderr: "Invalid log facility 'mail'"}),
		tests: []string{"daemon.TestFacilities", "TestSyslog"},
	},
	"option|-g|--log-file":          {runs: complained(1, "-g requires configure option --enable-log-file", "-g", "-t -g -f {good}", "--log-file", "--log-file=/tmp/x", "-g/tmp/x")},
	"option||--flush-log-file":      {runs: []commandRun{{words: "--flush-log-file", status: 1, newer: true, stderr: "--enable-log-file"}}},
	"option|-G|--no-syslog":         {runs: checked(false, "-G", "--no-syslog"), tests: []string{"TestNoSyslog"}},
	"option|-u|--umask":             {runs: append(checked(false, "-u 022", "-u0x1f", "--umask=0177"), commandRun{words: "-t -u 999 -f {good}", stderr: "Invalid --umask option 999"}), tests: []string{"TestUmaskOption", "daemon.TestParseOptions"}},
	"option|-X|--release-vips":      {runs: checked(false, "-X", "--release-vips", "--rel"), tests: []string{"TestAddressesKept"}},
	"option|-V|--dont-release-vrrp": {runs: checked(false, "-V", "--dont-release-vrrp"), tests: []string{"TestAddressesKept"}},
	"option|-I|--dont-release-ipvs": {runs: checked(false, "-I", "--dont-release-ipvs"), tests: []string{"inside.TestFlush"}},
	"option|-R|--dont-respawn":      {runs: checked(false, "-R", "--dont-respawn", "--dont-res"), tests: []string{"daemon.TestNoRespawn"}},
	"option|-n|--dont-fork":         {runs: checked(false, "-n", "--dont-fork", "--dont-f", "-nld"), lives: []daemonLife{{words: "--dont-fork", there: []string{parentPID, vrrpPID}}}},
	"option|-d|--dump-conf": {
		runs:  checked(false, "-d", "--dump-conf"),
		lives: []daemonLife{{words: "--dump", says: []string{"VRRP Topology"}, there: []string{vrrpPID}}},
		tests: []string{"TestDumpDetail"},
	},
	"option|-p|--pid": {runs: checked(false, "-p /a", "-p/a", "--pid=/a"), lives: []daemonLife{
		{words: "-p /run/a.pid", there: []string{"/run/a.pid", vrrpPID}, absent: []string{parentPID}},
		{words: "--pid=/run/b.pid", there: []string{"/run/b.pid", vrrpPID}, absent: []string{parentPID}},
	}, tests: []string{"TestLauncherRelative"}},
	"option|-r|--vrrp_pid": {runs: checked(false, "-r /a", "-r/a", "--vrrp_pid=/a"), lives: []daemonLife{
		{words: "-r /run/a.pid", there: []string{parentPID, "/run/a.pid"}, absent: []string{vrrpPID}},
	}, tests: []string{"TestLauncherRelative"}},
	"option|-T|--genhash":            {runs: complained(1, "Usage: ", "-T -h", "--genhash -h"), tests: []string{"TestGenhash", "daemon.TestGenhashUsage"}},
	"option|-c|--checkers_pid":       {runs: checked(false, "-c /a", "-c/a", "--checkers_pid=/a"), tests: []string{"inside.TestChildrenKilled"}},
	"option|-a|--address-monitoring": {runs: checked(false, "-a", "--address-monitoring"), tests: []string{"TestAddressMonitoring"}},
	"option|-b|--bfd_pid":            {runs: checked(false, "-b /a", "-b/a", "--bfd_pid=/a")},
	"option|-x|--snmp":               {runs: checked(false, "-x", "--snmp")},
	"option|-A|--snmp-agent-socket":  {runs: checked(false, "-A unix:/a", "-Aunix:/a", "--snmp-agent-socket=unix:/a")},
	"option|-s|--namespace":          {runs: complained(1, "Missing parameter for option -s", "-s"), tests: []string{"TestNetworkNamespace", "TestNetworkNamespaceMissing"}},
	"option|-m|--core-dump":          {runs: checked(false, "-m", "--core-dump"), tests: []string{"TestCoreDump"}},
	"option|-M|--core-dump-pattern":  {tests: []string{"TestCoreDump", "daemon.TestCorePattern"}},
	"option||--no-mem-check":         {runs: checked(true, "--no-mem-check")},
	"option|-L|--mem-check-log":      {runs: checked(true, "-L", "--mem-check-log")},
	"option|-O|--openssl-mem-check":  {runs: checked(true, "-O", "--openssl-mem-check")},
	"option|-e|--all-config": {runs: slices.Concat(
		complained(0, "Config files missing '/none/none.conf'", "-t -f {include}"),
		complained(6, "Config files missing '/none/none.conf'", "-t -e -f {include}", "-e -f {include} --config-test", "--all-config -t -f {include}"),
	)},
	"option|-i|--config-id": {runs: append(
		complained(5, "no_such_keyword", "-t -i here -f {id}", "-t -ihere -f {id}", "-t --config-id=here -f {id}"),
		commandRun{words: "-t -i there -f {id}"}, commandRun{words: "-t --config-id there -f {id}"},
	)},
	"option||--ignore-sigint": {runs: checked(true, "--ignore-sigint"), tests: []string{"TestIgnoreSIGINT"}},
	"option||--signum": {runs: slices.Concat(
		printed(15, "--signum=STOP"), printed(1, "--signum RELOAD"), printed(10, "--signum=DATA"), printed(12, "--sig=STATS"),
		printed(63, "--signum=STATS_CLEAR"), printed(36, "--signum=JSON", "--sig JSON"),
		complained(1, "Unknown sigfunc ", "--signum=TDUMP", "--signum=NONE"),
	)},
	"option|-t|--config-test": {runs: append(
		complained(5, "no_such_keyword", "-t -f {bad}", "--config-test -f {bad}", "-l -t -f {bad}"),
		commandRun{words: "-t -f {good}"}, commandRun{words: "-t" + lab.Dir + "/log -f {bad}", status: 5},
		commandRun{words: "--config-test=" + lab.Dir + "/log -f {bad}", status: 5},
	), tests: []string{"TestConfigTestStatus"}},
	"option||--config-fd":      {tests: []string{"daemon.TestOptionsOfTheContract"}},
	"option||--perf":           {runs: checked(true, "--perf", "--perf=all")},
	"option||--debug":          {runs: checked(true, "--debug", "--debug=p")},
	"option|-v|--version":      {runs: complained(0, "Keepalived v2.", "-v", "--version", "--vers", "-lv", "-n -v")},
	"option|-h|--help":         {runs: complained(0, "Usage: ", "-h", "--help", "-nh")},
	"option||(unknown option)": {runs: slices.Concat(complained(1, "Unknown option -Z", "-Z", "-nZ"), complained(1, "Unknown option --nonsense", "--nonsense", "--nonsense=1"), complained(1, "Unknown option --dont", "--dont"))},
	"option||(missing argument)": {runs: slices.Concat(complained(1, "Missing parameter for option -f", "-f", "-nf"), complained(1, "Missing parameter for option -p", "-p"), []commandRun{
		// 2.2.7 reads the name of the option from memory that is not its own, and may crash.
		{words: "--pid", status: 1, stderr: "Missing parameter for option --pid", newer: true},
	}, complained(1, "Missing parameter for option --", "--signum=", "--use-file=", "-n --umask="))},
	"option||(extra words)":              {runs: []commandRun{{words: "-t -f {good} extra words", stdout: "Unexpected argument(s): extra words"}, {words: "extra -t words -f {good}", stdout: "Unexpected argument(s): extra words"}}},
	"signal|SIGTERM 15|STOP":             {tests: []string{"TestLife", "TestStopWhileStarting", "TestStopAll", "TestStoppedChild"}},
	"signal|SIGINT 2|":                   {tests: []string{"TestStopWhileStarting", "TestIgnoreSIGINT"}},
	"signal|SIGHUP 1|RELOAD":             {tests: []string{"TestReloadBurst", "TestReloadCheckConfig", "TestReloadTimeFile"}},
	"signal|SIGUSR1 10|DATA":             {tests: []string{"TestDumps", "TestDumpToChild"}},
	"signal|SIGUSR2 12|STATS":            {tests: []string{"TestDumps", "TestDumpToChild"}},
	"signal|SIGRTMIN+2 = 36|JSON":        {tests: []string{"TestDumps", "TestDumpToChild"}},
	"signal|SIGRTMAX-1 = 63|STATS_CLEAR": {tests: []string{"TestDumpToChild"}},
	"signal|SIGRTMAX = 64|TDUMP":         {runs: complained(1, "Unknown sigfunc TDUMP", "--signum=TDUMP")},
	"signal|SIGCHLD|":                    {tests: []string{"TestSignalStorm", "TestChildKilled", "TestFirstProcess"}},
	"signal|SIGPIPE|":                    {tests: []string{"TestSignalStorm"}},
	"exit|0|KEEPALIVED_EXIT_OK":          {runs: append(complained(0, "Keepalived v2.", "-v"), commandRun{words: "-t -f {good}"}), tests: []string{"TestStopIsQuick"}},
	"exit|1|KEEPALIVED_EXIT_FATAL":       {runs: complained(1, "Unknown option -Z", "-Z"), tests: []string{"TestStartFails", "TestSecondDaemon", "daemon.TestNoRespawn"}},
	"exit|2|KEEPALIVED_EXIT_CONFIG":      {tests: []string{"TestStartFails"}},
	"exit|4|KEEPALIVED_EXIT_MISSING_PERMISSION / config test fatal class": {tests: []string{"TestConfigTestStatus"}},
	"exit|5|config test: configuration errors":                            {runs: complained(5, "no_such_keyword", "-t -f {bad}")},
	"exit|6|KEEPALIVED_EXIT_NO_CONFIG / config test security":             {runs: append(complained(6, "SECURITY VIOLATION", "-t -f {script}"), commandRun{words: "-n -f /none", status: 6, newer: true, stderr: "no configuration file"}), tests: []string{"TestStartFails"}},
	"exit|70|KEEPALIVED_EXIT_PROGRAM_ERROR":                               {reason: "only a fault of ours could show it"},
	"exit|204|KEEPALIVED_EXIT_NO_MEMORY":                                  {reason: "the Go runtime ends a process without memory, with status 2"},
	"path|PREFIX/etc/keepalived/keepalived.conf|":                         {tests: []string{"TestDefaultPaths"}},
	"path|/run/keepalived.pid|":                                           {lives: []daemonLife{{there: []string{parentPID}, says: []string{"Entering MASTER STATE"}}}, tests: []string{"TestLauncher", "TestSecondDaemon"}},
	"path|/run/vrrp.pid|":                                                 {lives: []daemonLife{{there: []string{vrrpPID}}}, tests: []string{"TestLauncher"}},
	"path|/run/checkers.pid|":                                             {tests: []string{"inside.TestChildrenKilled"}},
	"path|/run/bfd.pid|":                                                  {reason: "there is no BFD process yet"},
	"path|/run/keepalived/keepalived[_INSTANCE].pid, vrrp[_I].pid, checkers[_I].pid, bfd[_I].pid|":              {tests: []string{"TestPidFolder"}},
	"path|$TMPDIR or /tmp/keepalived.json|":                                                                     {tests: []string{"TestDumps", "TestTemporaryFolder"}},
	"path|$TMPDIR or /tmp/keepalived.data, keepalived_parent.data, keepalived_check.data, keepalived_bfd.data|": {tests: []string{"TestDumps", "TestTemporaryFolder"}},
	"path|$TMPDIR or /tmp/keepalived.stats|":                                                                    {tests: []string{"TestDumps", "TestTemporaryFolder"}},
	"path|/tmp/keepalived.log|":                                                                                 {runs: complained(1, "--enable-log-file", "-g")},
	"path|core|":                                                                                                {tests: []string{"TestCoreDump"}},
	"path|unix:/var/agentx/master|":                                                                             {reason: "there is no SNMP agent yet"},
	"path|/etc/iproute2, /usr/share/iproute2|":                                                                  {tests: []string{"config.TestNamesOfIproute2"}},
	"path|/etc/sysconfig/keepalived (upstream), /etc/default/keepalived (Debian)|":                              {tests: []string{"vm.TestSystemd", "TestInitScript"}},
	"env|TMPDIR|":        {tests: []string{"TestTemporaryFolder"}},
	"env|PATH|":          {tests: []string{"notify.TestResults"}},
	"env|NOTIFY_SOCKET|": {tests: []string{"TestServiceManager"}},
	"env|CREDENTIALS_DIRECTORY and any other|": {runs: []commandRun{
		{words: "-t -f {env}", newer: true}, {words: "-t -f {noenv}", newer: true, status: 2, stderr: "priority"},
	}, tests: []string{"parser.TestReadAndParse"}},
	"env|MALLOC/valgrind variables|": {reason: "they are those of upstream's builds for debugging"},
	"genhash|-S|--use-ssl":           {tests: []string{"TestGenhash", "daemon.TestParseGenhash"}},
	"genhash|-I|--use-sni":           {tests: []string{"TestGenhash", "daemon.TestParseGenhash"}},
	"genhash|-s|--server":            {tests: []string{"TestGenhash", "daemon.TestParseGenhash"}},
	"genhash|-p|--port":              {tests: []string{"TestGenhash", "daemon.TestParseGenhash"}},
	"genhash|-u|--url":               {tests: []string{"TestGenhash", "daemon.TestParseGenhash"}},
	"genhash|-V|--use-virtualhost":   {tests: []string{"TestGenhash", "daemon.TestParseGenhash"}},
	"genhash|-v|--verbose":           {tests: []string{"TestGenhash", "daemon.TestParseGenhash"}},
	"genhash|-m|--fwmark":            {tests: []string{"TestGenhash", "daemon.TestParseGenhash"}},
	"genhash|-P|--protocol":          {tests: []string{"TestGenhash", "daemon.TestParseGenhash"}},
	"genhash|-t|--timeout":           {tests: []string{"TestGenhash", "daemon.TestParseGenhash"}},
	"genhash|-h|--help":              {runs: complained(1, "--use-virtualhost", "-T -h", "-T --help"), tests: []string{"daemon.TestGenhashUsage"}},
	"genhash|(result)|":              {tests: []string{"TestGenhash", "daemon.TestGenhashMistakes"}},
	"diff-2.2.7||--ignore-sigint":    {runs: checked(true, "--ignore-sigint"), tests: []string{"TestIgnoreSIGINT"}},
}

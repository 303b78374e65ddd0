package config

// trackKeywords are the scripts, files and processes that instances can track.
func trackKeywords() []Keyword {
	return []Keyword{
		{
			Name: "vrrp_script", Syntax: "NAME { block }", Default: "none",
			Since: "1.1.13", Area: "track", Meaning: "defines a periodically executed tracking script (removed when script is missing)",
			Do: (*decoder).openScript,
			Block: &Block{
				Keywords: []Keyword{
					{
						Name: "fall", Syntax: "INT[1..2147483647]", Default: "1",
						Since: "1.1.18", Area: "track", Meaning: "consecutive failures needed for KO",
						Arg:  intArg(1, 2147483647),
						Into: func(s *scope) any { return &s.script.Fall },
					},
					{
						Name: "init_fail", Syntax: "(flag)", Default: "off",
						Since: "1.3.2", Area: "track", Meaning: "assume failed until the first success",
						Note: "without it the result is unknown until the first run ends: weight 0 holds the instance (shown as FAULT) till then, other weights apply from the first result",
						Arg:  Arg{Kind: Flag},
						Into: func(s *scope) any { return &s.script.InitFail },
					},
					{
						Name: "interval", Syntax: "DECIMAL seconds[0.001..4294] (3 decimals; 0 reported, becomes 1)", Default: "1",
						Since: "1.1.13", Area: "track", Meaning: "time between runs",
						Arg:  atLeastOne(decimalArg(1, 4294000, 3)),
						Into: func(s *scope) any { return &s.script.Interval },
					},
					{
						Name: "rise", Syntax: "INT[1..2147483647]", Default: "1",
						Since: "1.1.18", Area: "track", Meaning: "consecutive successes needed for OK",
						Arg:  intArg(1, 2147483647),
						Into: func(s *scope) any { return &s.script.Rise },
					},
					{
						Name: "script", Syntax: `PATH or "PATH ARGS" (only the first word/quoted string is used)`, Default: "required",
						Since: "1.1.13", Area: "track", Meaning: "command line; may quote and escape arguments",
						Arg:  Arg{Kind: Text},
						Into: func(s *scope) any { return &s.script.Script },
						Do:   (*decoder).vrrpScriptCommand,
						Show: showArgv,
					},
					{
						Name: "timeout", Syntax: "DECIMAL seconds[0.001..4294] (3 decimals; 0 reported, becomes 1)", Default: "interval",
						Since: "1.2.6", Area: "track", Meaning: "runtime after which the run counts as failed and the script is terminated",
						Arg:  atLeastOne(decimalArg(1, 4294000, 3)),
						Into: func(s *scope) any { return &s.script.Timeout },
					},
					{
						Name: "user", Syntax: "USER [[:]GROUP]", Default: "script_user",
						Since: "1.3.0", Area: "track", Meaning: "credentials of the script",
						Into: func(s *scope) any { return &s.script.Script },
						Do:   (*decoder).vrrpScriptUser,
						Show: showScriptUser,
					},
					{
						Name: "weight", Syntax: "INT[-253..253] [reverse]", Default: "0",
						Since: "1.1.13", Area: "track", Meaning: "priority change: positive added on success, negative on failure; 0 = failure causes FAULT",
						Arg:  intArg(-253, 253),
						Into: func(s *scope) any { return &s.script.Weight },
						Do:   (*decoder).trackerWeight,
						Show: showWeight,
					},
				},
				End: (*decoder).closeScript,
			},
		},
		{
			Name: "track_file", Syntax: "NAME { block }", Default: "none",
			Since: "2.1.0", Area: "track", Meaning: "watch a file's integer content by inotify; usable by VRRP and checkers",
			Do: (*decoder).openTrackFile,
			Block: &Block{
				Keywords: []Keyword{
					{
						Name: "file", Syntax: "PATH", Default: "required",
						Since: "2.1.0", Area: "track", Meaning: "file to watch (directory must exist; read-only, NFS, proc, sysfs, fuse, smb and similar file systems are refused)",
						Arg:  lax(Arg{Kind: Text}),
						Into: func(s *scope) any { return &s.file.Path },
					},
					{
						Name: "init_file", Syntax: "[INT] [overwrite]", Default: "no creation; value 0",
						Since: "2.1.0", Area: "track", Meaning: "create the file with the value at start, or overwrite it; not on reload or -t",
						Into: func(s *scope) any { return &s.file.Init },
						Do:   (*decoder).initFile,
						Show: showInitFile,
					},
					{
						Name: "weight", Syntax: "INT[-254..254] [reverse] (man page shows 32 bit range)", Default: "1",
						Since: "2.1.0", Area: "track", Meaning: "multiplier of the value read; 0 = non-zero value means FAULT",
						Arg:  lax(intArg(-254, 254)),
						Into: func(s *scope) any { return &s.file.Weight },
						Do:   (*decoder).trackerWeight,
						Show: showWeight,
					},
				},
				End: (*decoder).closeTrackFile,
			},
		},
		{
			Name: "vrrp_track_file", Syntax: "NAME { block }", Default: "none",
			Since: "2.0.0", Area: "track", Meaning: "deprecated synonym of track_file",
			Deprecated: true,
			Alias:      "track_file",
			Do:         (*decoder).openTrackFile,
			Block: &Block{
				Keywords: []Keyword{
					{
						Name: "file", Syntax: "PATH", Default: "required",
						Since: "2.0.0", Area: "track", Meaning: "as track_file/file",
						Arg:  lax(Arg{Kind: Text}),
						Into: func(s *scope) any { return &s.file.Path },
					},
					{
						Name: "init_file", Syntax: "[INT] [overwrite]", Default: "no creation; value 0",
						Since: "2.0.0", Area: "track", Meaning: "as track_file/init_file",
						Into: func(s *scope) any { return &s.file.Init },
						Do:   (*decoder).initFile,
						Show: showInitFile,
					},
					{
						Name: "weight", Syntax: "INT[-254..254] [reverse]", Default: "1",
						Since: "2.0.0", Area: "track", Meaning: "as track_file/weight",
						Arg:  lax(intArg(-254, 254)),
						Into: func(s *scope) any { return &s.file.Weight },
						Do:   (*decoder).trackerWeight,
						Show: showWeight,
					},
				},
				End: (*decoder).closeTrackFile,
			},
		},
		{
			Name: "vrrp_track_process", Syntax: "NAME { block }", Default: "none",
			Since: "2.0.11", Area: "track", Meaning: "watch for processes through the kernel process connector",
			Do: (*decoder).openProcess,
			Block: &Block{
				Keywords: []Keyword{
					{
						Name: "delay", Syntax: "DECIMAL seconds[0.000001..3600]", Default: "0",
						Since: "2.0.11", Area: "track", Meaning: "sets both fork_delay and terminate_delay",
						Arg: decimalArg(1, 3600000000, 6),
						Do:  (*decoder).processDelay,
					},
					{
						Name: "fork_delay", Syntax: "DECIMAL seconds[0.000001..3600]", Default: "0",
						Since: "2.0.16", Area: "track", Meaning: "wait after quorum is gained before acting",
						Arg:  decimalArg(1, 3600000000, 6),
						Into: func(s *scope) any { return &s.process.ForkDelay },
					},
					{
						Name: "full_command", Syntax: "(flag)", Default: "off (compares comm)",
						Since: "2.0.11", Area: "track", Meaning: "match against the whole command line",
						Arg:  Arg{Kind: Flag},
						Into: func(s *scope) any { return &s.process.FullCommand },
					},
					{
						Name: "param_match", Syntax: "[initial|partial] (none = exact; no parameters configured = command must have none)", Default: "exact when parameters given",
						Since: "2.0.16", Area: "track", Meaning: "how parameters are compared; forces full command line match",
						Into: func(s *scope) any { return &s.process.ParamMatch },
						Do:   (*decoder).paramMatch,
						Show: showParamMatch,
					},
					{
						Name: "process", Syntax: "PATH [PARAM...] (quoted string = one element; first wins)", Default: "required",
						Since: "2.0.11", Area: "track", Meaning: "process name, or command and parameters, to look for",
						Arg:  Arg{Kind: Text},
						Into: func(s *scope) any { return &s.process.Command },
						Do:   (*decoder).processCommand,
						Show: showWords,
					},
					{
						Name: "quorum", Syntax: "INT[1..65535]", Default: "1",
						Since: "2.0.11", Area: "track", Meaning: "minimum number of matching processes",
						Arg:  intArg(1, 65535),
						Into: func(s *scope) any { return &s.process.Quorum },
						Do:   (*decoder).processQuorum,
						Show: showInt,
					},
					{
						Name: "quorum_max", Syntax: "INT[0..65535]", Default: "unlimited",
						Since: "2.0.16", Area: "track", Meaning: "maximum number of matching processes",
						Arg:  intArg(0, 65535),
						Into: func(s *scope) any { return &s.process.QuorumMax },
						Do:   (*decoder).processQuorumMax,
						Show: showQuorumMax,
					},
					{
						Name: "terminate_delay", Syntax: "DECIMAL seconds[0.000001..3600]", Default: "0",
						Since: "2.0.16", Area: "track", Meaning: "wait after quorum is lost before acting",
						Arg:  decimalArg(1, 3600000000, 6),
						Into: func(s *scope) any { return &s.process.TerminateDelay },
					},
					{
						Name: "weight", Syntax: "INT[-254..254] [reverse]", Default: "0",
						Since: "2.0.11", Area: "track", Meaning: "priority change while quorum is (not) met; 0 = FAULT",
						Arg:  lax(intArg(-254, 254)),
						Into: func(s *scope) any { return &s.process.Weight },
						Do:   (*decoder).processWeight,
						Show: showWeight,
					},
				},
				End: (*decoder).closeProcess,
			},
		},
	}
}

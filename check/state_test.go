package check

import (
	"testing"
)

const (
	rs1 = "[10.0.0.11]:tcp:80"
	rs2 = "[10.0.0.12]:tcp:80"
	vs1 = "[10.0.0.1]:tcp:80"
)

func TestScenarios(t *testing.T) {
	const quiet = "smtp_alert off"
	notify := `notify_up "/up"; notify_down "/down"; `
	cases := []struct {
		name  string
		text  string
		steps []step
	}{
		{"one server goes and comes", vsText("", notify+"T"), []step{
			{"start", "* table\nGained quorum 1+0=1 <= 1 for VS " + vs1 + "\n> VS " + vs1 + " UP", "11=1"},
			{"ok 0", "TCP connection to " + rs1 + " success.", "11=1"},
			{"ok 0", "", ""},
			{"fail 0", `TCP_CHECK on service ` + rs1 + ` failed. (refused)
				Removing service ` + rs1 + ` from VS ` + vs1 + `
				* table
				> RS ` + rs1 + ` ` + vs1 + ` DOWN [/down]
				Lost quorum 1-0=1 > 0 for VS ` + vs1 + `
				> VS ` + vs1 + ` DOWN
				@ Realserver ` + rs1 + ` of virtual server ` + vs1 + ` - DOWN | => TCP CHECK failed on service <=`, "-"},
			{"fail 0", "", ""},
			{"late 0", "", ""},
			{"ok 0", `TCP connection to ` + rs1 + ` success.
				Adding service ` + rs1 + ` to VS ` + vs1 + `
				* table
				> RS ` + rs1 + ` ` + vs1 + ` UP [/up]
				Gained quorum 1+0=1 <= 1 for VS ` + vs1 + `
				> VS ` + vs1 + ` UP
				@ Realserver ` + rs1 + ` of virtual server ` + vs1 + ` - UP | => TCP CHECK succeed on service <=`, "11=1"},
		}},
		{"retries count only while it is up, and not before the first result", vsText("", quiet+"; TCP_CHECK {; retry 2; log_all_failures; }"), []step{
			{"start", "* table\nGained quorum 1+0=1 <= 1 for VS " + vs1 + "\n> VS " + vs1 + " UP", ""},
			{"ok 0", "TCP connection to " + rs1 + " success.", ""},
			{"fail 0", "TCP connection to " + rs1 + " failed. (refused)", "11=1"},
			{"late 0", "TCP connection to " + rs1 + " timeout.", "11=1"},
			{"ok 0", "", "11=1"},
			{"fail 0", "TCP connection to " + rs1 + " failed. (refused)", ""},
			{"broken 0", "", ""},
			{"fail 0", "TCP connection to " + rs1 + " failed. (refused)", "11=1"},
			{"fail 0", `TCP connection to ` + rs1 + ` failed. (refused)
				TCP_CHECK on service ` + rs1 + ` failed after 2 retries. (refused)
				Removing service ` + rs1 + ` from VS ` + vs1 + `
				* table
				> RS ` + rs1 + ` ` + vs1 + ` DOWN
				Lost quorum 1-0=1 > 0 for VS ` + vs1 + `
				> VS ` + vs1 + ` DOWN`, "-"},
			{"fail 0", "", ""},
		}},
		{"the first failure is enough", vsText("", quiet+"; TCP_CHECK {; retry 2; }"), []step{
			{"start", "* table\nGained quorum 1+0=1 <= 1 for VS " + vs1 + "\n> VS " + vs1 + " UP", ""},
			{"fail 0", `TCP_CHECK on service ` + rs1 + ` failed. (refused)
				Removing service ` + rs1 + ` from VS ` + vs1 + `
				* table
				> RS ` + rs1 + ` ` + vs1 + ` DOWN
				Lost quorum 1-0=1 > 0 for VS ` + vs1 + `
				> VS ` + vs1 + ` DOWN`, "-"},
		}},
		{"alpha: down until a check passes", vsText("alpha", notify+quiet+"; TCP_CHECK {; retry 3; }"), []step{
			{"start", "* table", "-"},
			{"fail 0", "TCP_CHECK on service " + rs1 + " failed. (refused)\n> RS " + rs1 + " " + vs1 + " DOWN [/down]", "-"},
			{"fail 0", "", "-"},
			{"ok 0", `TCP connection to ` + rs1 + ` success.
				Adding service ` + rs1 + ` to VS ` + vs1 + `
				* table
				> RS ` + rs1 + ` ` + vs1 + ` UP [/up]
				Gained quorum 1+0=1 <= 1 for VS ` + vs1 + `
				> VS ` + vs1 + ` UP`, "11=1"},
		}},
		{"alpha of one real server", vsText("", "alpha; "+quiet+"; T", quiet+"; T"), []step{
			{"start", "* table\nGained quorum 1+0=1 <= 1 for VS " + vs1 + "\n> VS " + vs1 + " UP", "12=1"},
		}},
		{"alpha of one checker", vsText("", quiet+"; TCP_CHECK {; alpha; }; TCP_CHECK {; connect_port 81; }"), []step{
			{"start", "* table", "-"},
			{"ok 0 1", "TCP connection to " + rs1 + " success.", "-"},
			{"ok 0 0", `TCP connection to ` + rs1 + ` success.
				Adding service ` + rs1 + ` to VS ` + vs1 + `
				* table
				> RS ` + rs1 + ` ` + vs1 + ` UP
				Gained quorum 1+0=1 <= 1 for VS ` + vs1 + `
				> VS ` + vs1 + ` UP`, "11=1"},
		}},
		{"alpha is switched off below", vsText("alpha", "alpha off; "+quiet+"; T"), []step{
			{"start", "* table\nGained quorum 1+0=1 <= 1 for VS " + vs1 + "\n> VS " + vs1 + " UP", "11=1"},
		}},
		{"no checker, alpha or not", vsText("alpha", quiet), []step{
			{"start", "* table\nGained quorum 1+0=1 <= 1 for VS " + vs1 + "\n> VS " + vs1 + " UP", "11=1"},
		}},
		{"every checker has to pass", vsText("", "T; TCP_CHECK {; connect_port 81; retry 0; }"), []step{
			{"start", "* table\nGained quorum 1+0=1 <= 1 for VS " + vs1 + "\n> VS " + vs1 + " UP", ""},
			{"ok 0 0", "TCP connection to " + rs1 + " success.", ""},
			{"ok 0 1", "TCP connection to " + rs1 + " success.", ""},
			{"fail 0 1", `TCP_CHECK on service ` + rs1 + ` failed. (refused)
				Removing service ` + rs1 + ` from VS ` + vs1 + `
				* table
				> RS ` + rs1 + ` ` + vs1 + ` DOWN
				Lost quorum 1-0=1 > 0 for VS ` + vs1 + `
				> VS ` + vs1 + ` DOWN
				@ Realserver ` + rs1 + ` of virtual server ` + vs1 + ` - DOWN | => TCP CHECK failed on service <=`, "-"},
			// The second one moves nothing, and still mails.
			{"fail 0 0", `TCP_CHECK on service ` + rs1 + ` failed. (refused)
				@ Realserver ` + rs1 + ` of virtual server ` + vs1 + ` - DOWN | => TCP CHECK failed on service <=`, "-"},
			{"ok 0 0", `TCP connection to ` + rs1 + ` success.
				@ Realserver ` + rs1 + ` of virtual server ` + vs1 + ` - DOWN | => TCP CHECK succeed on service <=`, "-"},
			{"ok 0 1", `TCP connection to ` + rs1 + ` success.
				Adding service ` + rs1 + ` to VS ` + vs1 + `
				* table
				> RS ` + rs1 + ` ` + vs1 + ` UP
				Gained quorum 1+0=1 <= 1 for VS ` + vs1 + `
				> VS ` + vs1 + ` UP
				@ Realserver ` + rs1 + ` of virtual server ` + vs1 + ` - UP | => TCP CHECK succeed on service <=`, "11=1"},
		}},
		{"no_checker_emails", "global_defs {\n no_checker_emails\n}\n" + vsText("", "T; TCP_CHECK {; connect_port 81; retry 0; }"), []step{
			{"start", "* table\nGained quorum 1+0=1 <= 1 for VS " + vs1 + "\n> VS " + vs1 + " UP", ""},
			{"fail 0 1", `TCP_CHECK on service ` + rs1 + ` failed. (refused)
				Removing service ` + rs1 + ` from VS ` + vs1 + `
				* table
				> RS ` + rs1 + ` ` + vs1 + ` DOWN
				Lost quorum 1-0=1 > 0 for VS ` + vs1 + `
				> VS ` + vs1 + ` DOWN
				@ Realserver ` + rs1 + ` of virtual server ` + vs1 + ` - DOWN | => TCP CHECK failed on service <=`, ""},
			{"fail 0 0", "TCP_CHECK on service " + rs1 + " failed. (refused)", ""},
			{"ok 0 0", "TCP connection to " + rs1 + " success.", ""},
		}},
		{"rs_init_notifies", "global_defs {\n rs_init_notifies\n}\n" + vsText("", notify+quiet+"; T", "alpha; "+quiet+"; T"), []step{
			{"start", "> RS " + rs1 + " " + vs1 + " UP [/up]\n* table\nGained quorum 1+0=1 <= 1 for VS " + vs1 + "\n> VS " + vs1 + " UP", ""},
		}},
		{"inhibit_on_failure", vsText("inhibit_on_failure; omega", quiet+"; weight 3; T", quiet+"; T"), []step{
			{"start", "* table\nGained quorum 1+0=1 <= 4 for VS " + vs1 + "\n> VS " + vs1 + " UP", "11=3 12=1"},
			{"fail 0", `TCP_CHECK on service ` + rs1 + ` failed. (refused)
				Disabling service ` + rs1 + ` of VS ` + vs1 + `
				* table
				> RS ` + rs1 + ` ` + vs1 + ` DOWN`, "11=0 12=1"},
			{"ok 0", `TCP connection to ` + rs1 + ` success.
				Enabling service ` + rs1 + ` of VS ` + vs1 + `
				* table
				> RS ` + rs1 + ` ` + vs1 + ` UP`, "11=3 12=1"},
			{"fail 1", `TCP_CHECK on service ` + rs2 + ` failed. (refused)
				Disabling service ` + rs2 + ` of VS ` + vs1 + `
				* table
				> RS ` + rs2 + ` ` + vs1 + ` DOWN`, "11=3 12=0"},
			{"stop", `Shutting down service ` + rs1 + ` from VS ` + vs1 + `
				> RS ` + rs1 + ` ` + vs1 + ` DOWN
				Shutting down (inhibited) service ` + rs2 + ` from VS ` + vs1 + `
				> VS ` + vs1 + ` DOWN`, ""},
		}},
		{"inhibit_on_failure and alpha: there with weight 0", vsText("inhibit_on_failure; alpha", quiet+"; T"), []step{
			{"start", "* table", "11=0"},
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { runSteps(t, c.text, c.steps) })
	}
}

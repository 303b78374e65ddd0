package daemon

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const diffBase = `virtual_server 192.0.2.1 80 {
	lvs_sched rr
	lvs_method DR
	protocol TCP
	real_server 192.0.2.11 80 {
		weight 1
	}
}
`

// written writes configurations and returns their paths.
func written(t *testing.T, texts ...string) []string {
	t.Helper()
	dir := t.TempDir()
	paths := make([]string, len(texts))
	for i, text := range texts {
		paths[i] = filepath.Join(dir, string(rune('a'+i))+".conf")
		must(t, os.WriteFile(paths[i], []byte(text), 0o600))
	}
	return paths
}

func TestConfigDiff(t *testing.T) {
	heavier := strings.Replace(diffBase, "weight 1", "weight 2", 1)
	for _, row := range []struct {
		name, next     string
		status         int
		says, complain string
	}{
		{"nothing", diffBase, exitOK, "Nothing would change.\n", ""},
		{"a weight", heavier, exitChanges, "~ virtual_server 192.0.2.1 80\n    ~ real_server 192.0.2.11 80 weight: 1 -> 2\n", ""},
		{"an end", "global_defs {\n}\n", exitChanges, "- virtual_server 192.0.2.1 80\n", ""},
		{"a warning", diffBase + "nonsense 1\n", exitOK, "Nothing would change.\n", "unknown keyword"},
		{"broken", heavier + "}\n", exitFatal, "~ virtual_server", "A reload would be refused: the configuration is refused"},
		{"empty", "# nothing\n", exitFatal, "- virtual_server", "A reload would be refused: the configuration is refused: it is empty"},
		{"a namespace", "instance in\n" + diffBase, exitFatal, "+ instance in\n", "Cannot change instance name at a reload"},
		{"no interface", diffBase + "vrrp_instance V {\ninterface nowhere0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.9\n}\n}\n",
			exitFatal, "", "A reload would be refused"},
	} {
		paths := written(t, diffBase, row.next)
		o := Options{ConfigFile: paths[0], ConfigDiff: paths[1]}
		var out, complaints bytes.Buffer
		if status := diffConfig(o, &out, &complaints); status != row.status {
			t.Errorf("%s: status %d, want %d", row.name, status, row.status)
		}
		if !strings.Contains(out.String(), row.says) || !strings.Contains(complaints.String(), row.complain) || row.complain == "" && complaints.Len() > 0 {
			t.Errorf("%s: it says\n%s\nand complains\n%s", row.name, &out, &complaints)
		}
		o.TestFormat = formatJSON
		out.Reset()
		complaints.Reset()
		status := diffConfig(o, &out, &complaints)
		var report diffReport
		if err := json.Unmarshal(out.Bytes(), &report); err != nil || status != row.status || report.Status != row.status || complaints.Len() > 0 {
			t.Errorf("%s: status %d, %v, %s%s", row.name, status, err, &out, &complaints)
		}
		if (report.Refused != "") != (row.status == exitFatal) || report.Format != 1 || report.To != paths[1] || report.Changes == nil {
			t.Errorf("%s: the report is %+v", row.name, report)
		}
	}
	var out, complaints bytes.Buffer
	paths := written(t, diffBase)
	for _, o := range []Options{{ConfigFile: paths[0], ConfigDiff: "/none"}, {ConfigFile: "/none", ConfigDiff: paths[0]}} {
		if status := diffConfig(o, &out, &complaints); status != exitFatal || out.Len() > 0 || !strings.Contains(complaints.String(), "/none") {
			t.Errorf("%+v: status %d, %s%s", o, status, &out, &complaints)
		}
	}
}

func TestConfigTestJSON(t *testing.T) {
	path := written(t, diffBase+"\tpriorty 100\n")[0]
	var out bytes.Buffer
	status := testConfigJSON(Options{ConfigFile: path}, &out)
	var report testReport
	must(t, json.Unmarshal(out.Bytes(), &report))
	if status != 5 || report.Status != 5 || report.Format != 1 || report.File != path || report.Error != "" || len(report.Diagnostics) != 1 {
		t.Fatalf("status %d, %s", status, &out)
	}
	want := testDiagnostic{
		File: path, Line: 9, Column: 2, Severity: "warning", Status: 5, Message: `unknown keyword "priorty"`,
		Text: "\tpriorty 100",
	}
	got := report.Diagnostics[0]
	got.Suggestion = ""
	if got != want {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	out.Reset()
	if status := testConfigJSON(Options{ConfigFile: written(t, diffBase)[0]}, &out); status != 0 || !strings.Contains(out.String(), `"diagnostics": []`) {
		t.Errorf("a good file: status %d, %s", status, &out)
	}
	out.Reset()
	if status := testConfigJSON(Options{ConfigFile: "/none"}, &out); status != exitNoConfig || !strings.Contains(out.String(), `"error": "`) || !json.Valid(out.Bytes()) {
		t.Errorf("no file: status %d, %s", status, &out)
	}
}

func TestOwnOptions(t *testing.T) {
	for _, row := range []struct {
		words string
		ok    func(Options) bool
	}{
		{"--config-test-format=json", func(o Options) bool { return o.TestFormat == formatJSON }},
		{"-t --config-test-format=text", func(o Options) bool { return o.TestFormat == formatText && o.TestConfig }},
		{"--config-t", func(o Options) bool { return o.TestConfig && o.TestFormat == "" }},
		{"--config-i=x", func(o Options) bool { return o.ConfigID == "x" }},
		{"--config-diff=/f", func(o Options) bool { return o.ConfigDiff == "/f" }},
		{"--config-diff /f", func(o Options) bool { return o.ConfigDiff == "/f" }},
		{"--rel", func(o Options) bool { return o.ReleaseVIPs }},
	} {
		if o, err := ParseOptions(strings.Fields(row.words)); err != nil || !row.ok(o) {
			t.Errorf("%s: %+v, %v", row.words, o, err)
		}
	}
	for _, words := range []string{"--config-test-format=xml", "--config-test-f=json", "--config-d=x", "--config-diff"} {
		if o, err := ParseOptions(strings.Fields(words)); err == nil {
			t.Errorf("%s: %+v", words, o)
		}
	}
}

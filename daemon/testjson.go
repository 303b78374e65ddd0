package daemon

import (
	"encoding/json"
	"fmt"
	"io"

	"keepalived-go/parser"
)

// The values of --config-test-format.
const (
	formatText = "text"
	formatJSON = "json"
)

// reportFormat is the version of the layout of a testReport and a diffReport. It changes when a program that reads them
// would have to.
const reportFormat = 1

// testReport is what -t finds, for programs.
type testReport struct {
	Format      int              `json:"format"`
	File        string           `json:"file"`
	Status      int              `json:"status"`          // exit status
	Error       string           `json:"error,omitempty"` // why the file, or a part of the host, could not be looked at
	Diagnostics []testDiagnostic `json:"diagnostics"`
}

// testDiagnostic is one complaint with its place. Line and column count from 1, columns in bytes; they are 0 where there
// is no place.
type testDiagnostic struct {
	File       string `json:"file"`
	Line       int32  `json:"line"`
	Column     int32  `json:"column"`
	Severity   string `json:"severity"`   // notice, warning or error
	Status     int    `json:"status"`     // the exit status that it asks for
	Structural bool   `json:"structural"` // a reload refuses such a text
	Message    string `json:"message"`
	Suggestion string `json:"suggestion,omitempty"`
	Text       string `json:"text,omitempty"` // the line
}

func testDiagnostics(list []parser.Diagnostic) []testDiagnostic {
	out := make([]testDiagnostic, 0, len(list))
	for _, d := range list {
		t := testDiagnostic{
			Severity: d.Severity.String(), Status: int(d.Status), Structural: d.Structural,
			Message: d.Message, Suggestion: d.Suggestion,
		}
		if source := d.Pos.Source; source != nil {
			t.File, t.Line, t.Column, t.Text = source.Name, d.Pos.Line, d.Pos.Column, source.Line(int(d.Pos.Line))
		}
		out = append(out, t)
	}
	return out
}

// testConfigJSON is -t with --config-test-format=json: the answer is one document on w, the exit status as ever.
func testConfigJSON(o Options, w io.Writer) int {
	c, status, err := examine(o, read(o))
	report := testReport{Format: reportFormat, File: o.ConfigFile, Status: status, Diagnostics: testDiagnostics(c.diagnostics)}
	if err != nil {
		report.Error = err.Error()
	}
	return writeReport(w, report, status)
}

// writeReport writes a document and gives the exit status: status, or that of a document that nobody gets.
func writeReport(w io.Writer, report any, status int) int {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(report); err != nil {
		fmt.Fprintln(w, err)
		return exitFatal
	}
	return status
}

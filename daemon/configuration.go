package daemon

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"keepalived-go/config"
	"keepalived-go/parser"
)

// configuration is one generation of what the user wrote.
type configuration struct {
	text        *parser.Text
	config      config.Config
	diagnostics []parser.Diagnostic
	empty       bool // no statement at all: a file that is being written, or that a full disk cut off
}

// readText is what the files hold, before it means anything.
type readText struct {
	text        *parser.Text // nil when there is no file at all
	diagnostics []parser.Diagnostic
	err         error
}

// read reads the files of the command line.
func read(o Options) readText {
	text, diagnostics, err := parser.ReadFile(o.ConfigFile, parser.Options{ConfigID: o.ConfigID, RequireIncludes: o.AllConfig})
	return readText{text, diagnostics, err}
}

// decode gives a text its meaning. The error says that there is no file at all.
func (r readText) decode(env config.Env) (configuration, error) {
	if r.err != nil {
		return configuration{}, fmt.Errorf("reading the configuration: %w", r.err)
	}
	c := decodeWith(r.text, env)
	c.diagnostics = append(r.diagnostics, c.diagnostics...)
	return c, nil
}

// decodeText gives a text its meaning on this host.
func decodeText(text *parser.Text) configuration { return decodeWith(text, hostEnv()) }

func decodeWith(text *parser.Text, env config.Env) configuration {
	tree, diagnostics := parser.Parse(text)
	cfg, more := config.Decode(tree, env)
	return configuration{text: text, config: cfg, diagnostics: append(diagnostics, more...), empty: len(tree.Statements) == 0}
}

// refusal says why a configuration must not replace a running one, nil when it may.
func (c configuration) refusal() error {
	for _, d := range c.diagnostics {
		if d.Structural || d.Severity == parser.Error {
			return fmt.Errorf("the configuration is refused: %s", d)
		}
	}
	if c.empty {
		return errors.New("the configuration is refused: it is empty; to end all instances and virtual servers, stop keepalived")
	}
	return nil
}

// fatal is the first fault that a start cannot live with.
func (c configuration) fatal() (parser.Diagnostic, bool) {
	for _, d := range c.diagnostics {
		if d.Severity == parser.Error {
			return d, true
		}
	}
	return parser.Diagnostic{}, false
}

// exitStatus is what -t exits with: the largest status, unless a missing argument has ended the reading.
func exitStatus(diagnostics []parser.Diagnostic) int {
	status := parser.StatusOK
	for _, d := range diagnostics {
		if d.Status == parser.StatusMissing {
			return int(parser.StatusMissing)
		}
		status = max(status, d.Status)
	}
	return int(status)
}

// testConfig is -t: every complaint with its place and its line, then the exit status.
func testConfig(o Options) int {
	if o.TestFormat == formatJSON {
		return testConfigJSON(o, os.Stdout)
	}
	out := io.Writer(os.Stderr)
	if o.TestLog != "" {
		f, err := os.OpenFile(o.TestLog, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
		if err != nil {
			fmt.Fprintf(os.Stderr, "opening the log of the test: %v\n", err)
			return exitFatal
		}
		defer func() { _ = f.Close() }()
		out = f
	}
	_, status := judge(o, read(o), out)
	return status
}

// printDiagnostics writes each complaint with the line that it is about.
func printDiagnostics(w io.Writer, diagnostics []parser.Diagnostic) {
	out := bufio.NewWriter(w)
	defer func() { _ = out.Flush() }() // the exit status says it all where nothing can be written
	for _, d := range diagnostics {
		fmt.Fprintln(out, d)
		if excerpt := d.Excerpt(); excerpt != "" {
			fmt.Fprintln(out, excerpt)
		}
	}
}

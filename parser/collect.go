package parser

// maxDiagnostics bounds what is said about one configuration.
const maxDiagnostics = 10_000

// diagnostics collects. A line that is made many times by a repetition says the same thing once.
type diagnostics struct {
	list       []Diagnostic
	severity   Severity
	status     Status
	structural bool
}

// add appends d. Beyond the bound only what changes the outcome of the whole is kept.
func (c *diagnostics) add(d Diagnostic) {
	if n := len(c.list); n > 0 && c.list[n-1] == d {
		return
	}
	worse := d.Severity > c.severity || d.Status > c.status || d.Structural && !c.structural
	if len(c.list) >= maxDiagnostics && !worse {
		return
	}
	c.severity, c.status = max(c.severity, d.Severity), max(c.status, d.Status)
	c.structural = c.structural || d.Structural
	c.list = append(c.list, d)
}

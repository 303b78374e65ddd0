package daemon

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"

	"keepalived-go/check"
	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/vrrp"
)

// exitChanges is the exit status of --config-diff when a reload would change something. No status of -t is the same.
const exitChanges = 3

// diffReport is what a reload would change, for programs.
type diffReport struct {
	Format      int              `json:"format"`
	From        string           `json:"from"`
	To          string           `json:"to"`
	Status      int              `json:"status"`            // exit status
	Refused     string           `json:"refused,omitempty"` // why a reload would change nothing at all
	Changes     []diffObject     `json:"changes"`
	Diagnostics []testDiagnostic `json:"diagnostics"` // of the new text
}

type diffObject struct {
	Change   string        `json:"change"` // added, removed or changed
	Block    string        `json:"block"`
	Name     string        `json:"name"`
	Settings []diffSetting `json:"settings,omitempty"`
}

type diffSetting struct {
	Change  string `json:"change"`
	Keyword string `json:"keyword"`
	Old     string `json:"old,omitempty"`
	New     string `json:"new,omitempty"`
}

var changeWords = map[config.ChangeKind]string{config.Added: "added", config.Removed: "removed", config.Updated: "changed"}

// changeSigns are those of the text.
var changeSigns = map[config.ChangeKind]string{config.Added: "+", config.Removed: "-", config.Updated: "~"}

// diffConfig is --config-diff: what a reload from the configuration of -f to another file would change. Nothing is
// touched, and no daemon need run.
func diffConfig(o Options, out, complaints io.Writer) int {
	now, _, err := examine(o, read(o))
	if now.text == nil {
		fmt.Fprintf(complaints, "%s: %v\n", o.ConfigFile, err)
		return exitFatal
	}
	to := o
	to.ConfigFile = o.ConfigDiff
	next, _, err := examine(to, read(to))
	if next.text == nil {
		fmt.Fprintf(complaints, "%s: %v\n", to.ConfigFile, err)
		return exitFatal
	}
	differences := config.Compare(now.config, next.config, check.Keys)
	refused := cmp.Or(next.refusal(), unchangeable(o, now.config.Global, next.config.Global), workable(o, next))
	status := exitOK
	switch {
	case refused != nil:
		status = exitFatal
	case len(differences) > 0:
		status = exitChanges
	}
	if o.TestFormat == formatJSON {
		report := diffReport{
			Format: reportFormat, From: o.ConfigFile, To: to.ConfigFile, Status: status, Changes: diffObjects(differences),
			Diagnostics: testDiagnostics(next.diagnostics),
		}
		if refused != nil {
			report.Refused = refused.Error()
		}
		return writeReport(out, report, status)
	}
	printDiagnostics(complaints, next.diagnostics)
	if refused != nil {
		fmt.Fprintf(complaints, "A reload would be refused: %v\n", refused)
	}
	printDifferences(out, differences)
	return status
}

// workable tells why a configuration cannot work on this host, as far as that can be seen from outside of the daemon.
func workable(o Options, c configuration) error {
	var links netif.State
	err := within(wantedNamespace(o, c.text), func() (err error) { links, err = netif.Read(); return err })
	if err != nil {
		return nil // it was said that interfaces are not looked at
	}
	if err := vrrp.CheckInterfaces(c.config, links); err != nil {
		return errors.Join(errors.New("it cannot work here"), err)
	}
	return nil
}

func diffObjects(list []config.ObjectChange) []diffObject {
	out := make([]diffObject, 0, len(list))
	for _, d := range list {
		o := diffObject{Change: changeWords[d.Kind], Block: d.Block, Name: d.Name}
		for _, s := range d.Settings {
			o.Settings = append(o.Settings, diffSetting{Change: changeWords[s.Kind], Keyword: s.Keyword, Old: s.Old, New: s.New})
		}
		out = append(out, o)
	}
	return out
}

// printDifferences writes what changes as people read it.
func printDifferences(w io.Writer, list []config.ObjectChange) {
	out := bufio.NewWriter(w)
	defer func() { _ = out.Flush() }() // the exit status says it where nothing can be written
	if len(list) == 0 {
		fmt.Fprintln(out, "Nothing would change.")
	}
	for _, d := range list {
		fmt.Fprintf(out, "%s %s\n", changeSigns[d.Kind], spaced(d.Block, d.Name))
		for _, s := range d.Settings {
			switch s.Kind {
			case config.Updated:
				fmt.Fprintf(out, "    ~ %s: %s -> %s\n", s.Keyword, cmp.Or(s.Old, "on"), cmp.Or(s.New, "on"))
			default:
				fmt.Fprintf(out, "    %s %s\n", changeSigns[s.Kind], spaced(s.Keyword, s.Old+s.New))
			}
		}
	}
}

func spaced(a, b string) string {
	if b == "" {
		return a
	}
	return a + " " + b
}

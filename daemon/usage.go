package daemon

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/pflag"
)

// usage is the text of -h.
func usage(w io.Writer) {
	fmt.Fprintf(w, "Usage: %s [OPTION...]\n", filepath.Base(os.Args[0]))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	defer func() { _ = table.Flush() }() // without a reader there is nobody to tell
	optionSet(&Options{}).VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			fmt.Fprintln(table, usageLine(f))
		}
	})
}

// usageLine describes one option, in two columns.
func usageLine(f *pflag.Flag) string {
	short := "    "
	if f.Shorthand != "" {
		short = "-" + f.Shorthand + ", "
	}
	argument, meaning := pflag.UnquoteUsage(f)
	switch argument = cmp.Or(argument, "WORD"); {
	case takesNoValue(f):
		argument = ""
	case f.NoOptDefVal != "":
		argument = "[=" + argument + "]"
	default:
		argument = " " + argument
	}
	if f.DefValue != "" && !takesNoValue(f) {
		meaning += " (default " + f.DefValue + ")"
	}
	return fmt.Sprintf("  %s--%s%s\t%s", short, f.Name, argument, meaning)
}

// Command gen writes COMPATIBILITY.md from the table of keywords. With -check it only tells, by its exit status,
// whether the file is what it would write. It is started in the root of the repository.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"

	"keepalived-go/config"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes or checks the file, or prints one of the references.
func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("gen", flag.ContinueOnError)
	check := flags.Bool("check", false, "fail when the file is stale instead of writing it")
	file := flags.String("o", "COMPATIBILITY.md", "file to write")
	reference := flags.String("reference", "", "print the keyword reference as markdown or roff, and write nothing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch *reference {
	case "markdown":
		_, err := io.WriteString(out, config.MarkdownReference())
		return err
	case "roff":
		_, err := io.WriteString(out, config.RoffReference())
		return err
	case "":
	default:
		return fmt.Errorf("unknown reference %q: markdown or roff", *reference)
	}
	text := []byte(config.Compatibility())
	if !*check {
		return os.WriteFile(*file, text, 0o644)
	}
	have, err := os.ReadFile(*file)
	if err != nil {
		return fmt.Errorf("checking the generated file: %w", err)
	}
	if !bytes.Equal(have, text) {
		return fmt.Errorf("%s is stale: run go run ./config/gen", *file)
	}
	return nil
}

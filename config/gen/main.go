// Command gen writes the documents that come from the table of keywords: COMPATIBILITY.md and the manual page
// keepalived.conf(5). With -check it only tells, by its exit status, whether the files are what it would write. It is
// started in the root of the repository.
package main

import (
	"bytes"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"keepalived-go/config"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var (
	//go:embed keepalived.conf.5.head
	pageHead string
	//go:embed keepalived.conf.5.tail
	pageTail string
)

// documents are the files by their place in the repository.
func documents() map[string]string {
	return map[string]string{
		"COMPATIBILITY.md":      config.Compatibility(),
		"doc/keepalived.conf.5": pageHead + config.RoffReference() + pageTail,
	}
}

// run writes or checks the files, or prints one of the references.
func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("gen", flag.ContinueOnError)
	check := flags.Bool("check", false, "fail when a file is stale instead of writing it")
	root := flags.String("root", ".", "root of the repository")
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
	var errs []error
	for name, text := range documents() {
		errs = append(errs, handle(filepath.Join(*root, name), []byte(text), *check))
	}
	return errors.Join(errs...)
}

// handle writes one file, or compares it.
func handle(file string, text []byte, check bool) error {
	if !check {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		return os.WriteFile(file, text, 0o644)
	}
	have, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("checking the generated file: %w", err)
	}
	if !bytes.Equal(have, text) {
		return fmt.Errorf("%s is stale: run go run ./config/gen", file)
	}
	return nil
}

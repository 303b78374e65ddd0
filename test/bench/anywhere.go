package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"keepalived-go/test/lab"
	"keepalived-go/test/vm"
)

// directorsPart is the word of the command line for what needs ip_vs alone. Its
// rows go to the standard output as JSON.
const directorsPart = "directors"

// directorsAnywhere measures directors in a virtual machine, so that the figures
// of different machines have the same kernel.
func (b *bench) directorsAnywhere(ctx context.Context) error {
	root, err := lab.Root()
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	progress("starting a virtual machine with ip_vs")
	machine, err := vm.Boot(ctx, vm.Options{Root: root, Memory: 2 << 30})
	if err != nil {
		return fmt.Errorf("starting a virtual machine: %w", err)
	}
	defer machine.Close()
	var rows bytes.Buffer
	result, err := machine.Run(ctx, vm.Command{Args: []string{program, directorsPart}, Dir: root, Stdout: &rows, Stderr: os.Stderr})
	if err == nil && result.Code != 0 {
		err = fmt.Errorf("the part in the virtual machine ended with status %d", result.Code)
	}
	var more []Result
	if rows.Len() > 0 {
		err = errors.Join(err, json.Unmarshal(rows.Bytes(), &more))
	}
	b.results = append(b.results, more...)
	return err
}

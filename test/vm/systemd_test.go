package vm

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestSystemd runs the tests of package systemd in a machine of their own.
func TestSystemd(t *testing.T) {
	packages, err := Packages(sourceRoot, "./test/vm/systemd")
	if err != nil || len(packages) != 1 {
		t.Fatalf("%d packages, %v", len(packages), err)
	}
	program, err := packages[0].Build(sourceRoot)
	if err != nil {
		t.Fatal(err)
	}
	if err := runPackage(t, bootFor(t, Options{}), packages[0], program); err != nil {
		t.Error(err)
	}
}

// TestSystemdPackages installs and removes our package and Debian's in every
// order, on a system of which nothing is started. It needs no machine.
func TestSystemdPackages(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	script := filepath.Join(sourceRoot, "test/vm/systemd/testdata/packages")
	command := exec.CommandContext(ctx, script, filepath.Join(sourceRoot, ".cache/tree/root"), filepath.Join(sourceRoot, "bin/keepalived.deb"))
	output, err := command.CombinedOutput()
	if err != nil || len(output) > 0 {
		t.Errorf("%v\n%s", err, output)
	}
}

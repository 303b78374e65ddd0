package vm

import "testing"

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

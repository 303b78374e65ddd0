package vm

import "testing"

// TestBare runs the tests of package bare in a machine whose kernel has loaded
// no module at the start.
func TestBare(t *testing.T) {
	packages, err := Packages(sourceRoot, "./test/vm/bare")
	if err != nil || len(packages) != 1 {
		t.Fatalf("%d packages, %v", len(packages), err)
	}
	program, err := packages[0].Build(sourceRoot)
	if err != nil {
		t.Fatal(err)
	}
	if err := runPackage(t, bootFor(t, Options{Modules: []string{}}), packages[0], program); err != nil {
		t.Error(err)
	}
}

package e2e

import (
	"fmt"
	"os"
	"testing"

	"keepalived-go/test/lab"
)

// What the tests run, set once by TestMain.
var (
	sourceRoot string
	ours, peer lab.Program
)

func TestMain(m *testing.M) {
	if err := choosePrograms(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func choosePrograms() (err error) {
	if sourceRoot, err = lab.Root(); err != nil {
		return err
	}
	if ours, err = lab.Choose(sourceRoot, "KEEPALIVED_OURS", "ours"); err != nil {
		return err
	}
	peer, err = lab.Choose(sourceRoot, "KEEPALIVED_PEER", "debian")
	return err
}

// checksItself says that no program of ours takes part, so that what we do
// better than Debian's program cannot be asked for.
func checksItself() bool { return ours.Name == "debian" }

// roles are the two ways to give the programs to the two servers.
func roles() map[string][2]lab.Program {
	all := map[string][2]lab.Program{"ours first": {ours, peer}}
	if ours.Path != peer.Path {
		all["peer first"] = [2]lab.Program{peer, ours}
	}
	return all
}

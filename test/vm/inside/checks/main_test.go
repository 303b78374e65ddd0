package checks

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"keepalived-go/test/lab"
)

// What the tests run, set once by TestMain.
var (
	sourceRoot string
	programs   [2]lab.Program // ours and the peer
)

func TestMain(m *testing.M) {
	if err := choosePrograms(); err != nil {
		fmt.Fprintln(os.Stderr, "checks:", err)
		os.Exit(1)
	}
	// What runs side by side waits most of the time, whatever the machine has.
	if err := flag.Set("test.parallel", "4"); err != nil {
		fmt.Fprintln(os.Stderr, "checks:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func choosePrograms() (err error) {
	if sourceRoot, err = lab.Root(); err != nil {
		return err
	}
	if programs[0], err = lab.Choose(sourceRoot, "KEEPALIVED_OURS", "ours"); err != nil {
		return err
	}
	programs[1], err = lab.Choose(sourceRoot, "KEEPALIVED_PEER", "debian")
	return err
}

// checksItself says that no program of ours takes part, so that what we do in
// another way than Debian's program cannot be asked for.
func checksItself() bool { return programs[0].Name == "debian" }

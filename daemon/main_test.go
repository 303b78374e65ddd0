package daemon

import (
	"os"
	"testing"

	"keepalived-go/daemon/early"
)

// asDaemon makes the test program be keepalived, in the processes that tests start.
const asDaemon = "KEEPALIVED_TEST_AS_DAEMON"

func TestMain(m *testing.M) {
	if os.Getenv(asDaemon) != "" {
		os.Exit(Run(os.Args))
	}
	early.HandOver()
	os.Exit(m.Run())
}

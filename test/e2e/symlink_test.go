package e2e

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// TestSymlinkPaths has a notify script that is named through a symbolic link: by default it sees its real place as its
// name, as with upstream's since 2.3.0. Before that, and with use_symlink_paths, it sees the link.
func TestSymlinkPaths(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		program lab.Program
		globals string
		want    string
	}{
		{"ours", ours, "", "real.sh"},
		{"debian", peer, "", "link.sh"},
		{"links kept", ours, "use_symlink_paths\n", "link.sh"},
	} {
		if row.program.Name == ours.Name && checksItself() {
			continue
		}
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			real, err := web.Write("real.sh", "#!/bin/sh\necho \"${0##*/}\" >> "+lab.Dir+"/said\n", 0o755)
			n.must(err)
			link := strings.Replace(real, "real.sh", "link.sh", 1)
			n.must(os.Symlink("real.sh", web.Path(link)))
			config := "global_defs {\nscript_user root\n" + row.globals + "}\n" +
				n.dialect.instance("VI_1", vrid, "MASTER", high, vip.String(), "notify_master "+link+"\n")
			daemon := n.start(web, row.program, config)
			n.must(lab.Until(n.context(time.Second), "the script", func() error {
				said, err := web.Read(lab.Dir + "/said")
				if err == nil && said == "" {
					err = errors.New("it has not run")
				}
				return err
			}))
			said, err := web.Read(lab.Dir + "/said")
			n.must(err)
			if said != row.want+"\n" {
				t.Errorf("the script saw %q as its name, want %s", said, row.want)
			}
			n.stop(daemon)
		})
	}
}

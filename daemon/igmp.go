package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// igmpReportsFile says whether the kernel reports to its network that it is in groups of 224.0.0.0/24, which VRRP's is
// one of. No router forwards them. Each network namespace has its own.
const igmpReportsFile = "/proc/sys/net/ipv4/igmp_link_local_mcast_reports"

// quietIGMP is disable_local_igmp: the file in which a 1 was found, "" when there is nothing to put back.
type quietIGMP struct{ path string }

// setQuietIGMP stops the reports.
func setQuietIGMP(path string) (quietIGMP, error) {
	before, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return quietIGMP{}, fmt.Errorf("disable_local_igmp: kernel does not support %s", path)
	}
	if err == nil && strings.TrimSpace(string(before)) == "1" {
		if err = writePattern(path, "0"); err == nil {
			return quietIGMP{path}, nil
		}
	}
	if err != nil {
		err = fmt.Errorf("disable_local_igmp: %w", err)
	}
	return quietIGMP{}, err
}

// restore lets the kernel report again, if it did.
func (q *quietIGMP) restore() error {
	if q.path == "" {
		return nil
	}
	return writePattern(q.path, "1")
}

// quietenIGMP does what disable_local_igmp asks for. The parent does it, so that a child that dies takes nothing along.
func (p *parent) quietenIGMP() {
	if c := p.current.config; c.Global.DisableLocalIGMP && len(c.Instances) > 0 {
		var err error
		if p.igmp, err = setQuietIGMP(igmpReportsFile); err != nil {
			p.log.Warn(err)
		}
	}
}

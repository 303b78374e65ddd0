package daemon

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"
)

// allowCores lets this process leave a core file when it dies of a fault of its own, for -m: as large as need be, and
// also after a panic, which a Go process would survive long enough to exit. It gives the soft limit that there was
// before, with which scripts are started.
func allowCores() (before uint64, err error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		return 0, fmt.Errorf("reading the limit of core files: %w", err)
	}
	debug.SetTraceback("crash")
	before = limit.Cur
	limit.Cur, limit.Max = unix.RLIM_INFINITY, unix.RLIM_INFINITY
	err = unix.Setrlimit(unix.RLIMIT_CORE, &limit)
	if errors.Is(err, unix.EPERM) { // without the right to raise the hard limit, up to that
		if err = unix.Getrlimit(unix.RLIMIT_CORE, &limit); err == nil {
			limit.Cur = limit.Max
			err = unix.Setrlimit(unix.RLIMIT_CORE, &limit)
		}
	}
	if err != nil {
		return before, fmt.Errorf("setting the limit of core files: %w", err)
	}
	return before, nil
}

// corePatternFile is the kernel's pattern of the names of core files. It is that of the whole host.
const corePatternFile = "/proc/sys/kernel/core_pattern"

// corePattern is -M: what was in the file before.
type corePattern struct {
	path, before string
}

// setCorePattern writes a pattern.
func setCorePattern(path, pattern string) (*corePattern, error) {
	before, err := os.ReadFile(path)
	if err == nil {
		err = writePattern(path, pattern)
	}
	if err != nil {
		return nil, fmt.Errorf("setting the pattern of core files: %w", err)
	}
	return &corePattern{path, strings.TrimSuffix(string(before), "\n")}, nil
}

// restore puts back what was there before.
func (c *corePattern) restore() error {
	if c == nil {
		return nil
	}
	return writePattern(c.path, c.before)
}

func writePattern(path, pattern string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(pattern + "\n")
	return errors.Join(err, f.Close())
}

// prepareCores does what -m and -M ask of the parent.
func (p *parent) prepareCores() {
	var err error
	if p.options.CorePattern != "" {
		if p.corePattern, err = setCorePattern(corePatternFile, p.options.CorePattern); err != nil {
			p.log.Warn(err)
		}
	}
	if !p.options.CoreDump {
		return
	}
	before, err := allowCores()
	if err != nil {
		p.log.Warn(err)
	}
	p.coreLimit = &before
	p.scripts().LimitBefore(unix.RLIMIT_CORE, before)
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"keepalived-go/test/vm/talk"
)

type mount struct {
	kind, dir, options string
	flags              uintptr
}

var firstMounts = []mount{
	{kind: "proc", dir: "/proc"},
	{kind: "sysfs", dir: "/sys"},
	{kind: "devtmpfs", dir: "/dev"},
}

// The new root is put together below these folders of the first file system.
const (
	sharedDir  = "/shared" // the outside
	changesDir = "/changes"
	newRoot    = "/new"
)

// mountAll mounts file systems without a device, and creates their folders.
func mountAll(mounts []mount) error {
	for _, m := range mounts {
		if err := os.MkdirAll(m.dir, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, m.dir, m.kind, m.flags, m.options); err != nil {
			return fmt.Errorf("mounting %s on %s: %w", m.kind, m.dir, err)
		}
	}
	return nil
}

// moveIn makes the machine's root: the outside's files at the same paths,
// with changes that stay in memory, and with the programs of packages that are
// only unpacked outside.
func moveIn(setup talk.Setup) error {
	err := errors.Join(os.Mkdir(sharedDir, 0o755), os.Mkdir(newRoot, 0o755))
	if err == nil {
		err = mountAll([]mount{{kind: "tmpfs", dir: changesDir, options: "mode=0755"}})
	}
	if err != nil {
		return err
	}
	var flags uintptr
	if len(setup.Writable) == 0 {
		flags = unix.MS_RDONLY
	}
	if err := unix.Mount(talk.Tag, sharedDir, "virtiofs", flags, ""); err != nil {
		return fmt.Errorf("mounting the outside: %w", err)
	}
	if err := overlay("/", sharedDir); err != nil {
		return err
	}
	if err := mergePackages(filepath.Join(sharedDir, setup.Merge)); err != nil {
		return err
	}
	if err := openFolders(setup.Writable); err != nil {
		return err
	}
	return switchRoot()
}

// mergePackages makes unpacked packages look installed. Packages may still have
// files in /bin, /sbin and /lib, which lead to folders of /usr by now.
func mergePackages(from string) error {
	if err := overlay("/usr", sharedDir+"/usr:"+from+"/usr"); err != nil {
		return err
	}
	for _, dir := range []string{"bin", "sbin", "lib"} {
		lower := sharedDir + "/usr/" + dir
		for _, more := range []string{from + "/usr/" + dir, from + "/" + dir} {
			if info, err := os.Stat(more); err == nil && info.IsDir() {
				lower += ":" + more
			}
		}
		if err := overlay("/usr/"+dir, lower); err != nil {
			return err
		}
	}
	return nil
}

// overlay mounts folders on top of each other, the uppermost first, at a path
// of the new root.
func overlay(at, lower string) error {
	name := strings.ReplaceAll(at, "/", "_")
	upper, work := changesDir+"/upper"+name, changesDir+"/work"+name
	if err := errors.Join(os.MkdirAll(upper, 0o755), os.MkdirAll(work, 0o755)); err != nil {
		return err
	}
	options := "lowerdir=" + lower + ",upperdir=" + upper + ",workdir=" + work
	if err := unix.Mount("overlay", filepath.Join(newRoot, at), "overlay", 0, options); err != nil {
		return fmt.Errorf("mounting %s (%s): %w", at, options, err)
	}
	return nil
}

// openFolders lets changes to some folders through to the outside.
func openFolders(folders []string) error {
	for _, folder := range folders {
		if err := unix.Mount(sharedDir+folder, newRoot+folder, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("opening %s: %w", folder, err)
		}
	}
	return nil
}

// switchRoot makes the new root the root of this process and of the kernel,
// which looks for modprobe there.
func switchRoot() error {
	for _, m := range firstMounts {
		if err := unix.Mount(m.dir, newRoot+m.dir, "", unix.MS_MOVE, ""); err != nil {
			return fmt.Errorf("moving %s: %w", m.dir, err)
		}
	}
	if err := unix.Chdir(newRoot); err != nil {
		return err
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("moving the new root: %w", err)
	}
	if err := unix.Chroot("."); err != nil {
		return fmt.Errorf("changing the root: %w", err)
	}
	return unix.Chdir("/")
}

// openPort waits for the stream to the outside, whose device comes soon after
// its driver.
func openPort(name string) (*os.File, error) {
	return until("the port "+name, func() (*os.File, error) {
		ports, err := fs.Glob(os.DirFS("/sys/class/virtio-ports"), "*/name")
		if err != nil {
			return nil, err
		}
		for _, p := range ports {
			content, err := os.ReadFile("/sys/class/virtio-ports/" + p)
			if err == nil && firstLine(content) == name {
				return os.OpenFile("/dev/"+filepath.Dir(p), os.O_RDWR, 0)
			}
		}
		return nil, fs.ErrNotExist
	})
}

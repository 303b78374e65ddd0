package vm

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"keepalived-go/test/lab"
)

// kernel is an unpacked package of a kernel.
type kernel struct {
	image, release string
	modules        string // the folder of its modules
}

// findKernel finds the newest kernel of .cache/debs and lists what its
// modules need, as the package does where it is installed.
func findKernel(root string) (kernel, error) {
	packages := packagesDir(root)
	images, err := filepath.Glob(packages + "/boot/vmlinuz-*-cloud-*")
	if err != nil || len(images) == 0 {
		return kernel{}, errors.New("no kernel in .cache/debs: scripts/vm and make vm fetch it")
	}
	k := kernel{image: images[len(images)-1]}
	k.release = strings.TrimPrefix(filepath.Base(k.image), "vmlinuz-")
	k.modules = filepath.Join(packages, "lib/modules", k.release)
	if _, err := os.Stat(k.modules + "/modules.dep.bin"); err == nil {
		return k, nil
	}
	kmod, err := tool(root, "kmod")
	if err != nil {
		return k, err
	}
	command := exec.Command(kmod.Path, "-b", packages, k.release)
	command.Args[0] = "depmod" // by which kmod knows what to do
	command.Env = append(os.Environ(), kmod.Env...)
	if output, err := command.CombinedOutput(); err != nil {
		return k, fmt.Errorf("listing modules: %w: %s", err, bytes.TrimSpace(output))
	}
	return k, nil
}

// order returns the files of modules, below the folder of modules, each after
// those that it needs.
func (k kernel) order(names []string) ([]string, error) {
	content, err := os.ReadFile(filepath.Join(k.modules, "modules.dep"))
	if err != nil {
		return nil, err
	}
	return loadOrder(string(content), names)
}

// loadOrder reads lines "file: files that it needs, the nearest first".
func loadOrder(dep string, names []string) ([]string, error) {
	needs, files := map[string][]string{}, map[string]string{}
	for line := range strings.Lines(dep) {
		file, rest, _ := strings.Cut(line, ":")
		needs[file] = strings.Fields(rest)
		files[moduleName(file)] = file
	}
	var all []string
	seen := map[string]bool{}
	add := func(file string) {
		if !seen[file] {
			seen[file] = true
			all = append(all, file)
		}
	}
	for _, name := range names {
		file, ok := files[name]
		if !ok {
			return nil, fmt.Errorf("the kernel has no module %s", name)
		}
		for i := range needs[file] {
			add(needs[file][len(needs[file])-1-i])
		}
		add(file)
	}
	return all, nil
}

func moduleName(file string) string {
	name, _, _ := strings.Cut(filepath.Base(file), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

func packagesDir(root string) string { return filepath.Join(root, ".cache/debs/root") }

// tool finds a program in .cache/debs, or else where this machine has it.
func tool(root, name string) (lab.Program, error) {
	for _, dir := range []string{"usr/bin", "usr/sbin", "bin", "sbin", "usr/lib/qemu", "usr/libexec"} {
		p := lab.Debian(root, filepath.Join(dir, name))
		if _, err := os.Stat(p.Path); err == nil {
			return p, nil
		}
	}
	for _, dir := range []string{"/usr/bin", "/usr/sbin", "/usr/lib/qemu", "/usr/libexec"} {
		if p := filepath.Join(dir, name); isFile(p) {
			return lab.Program{Name: name, Path: p}, nil
		}
	}
	return lab.Program{}, fmt.Errorf("no %s in .cache/debs, and none on this machine: scripts/vm and make vm fetch it", name)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

package vm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cavaliergopher/cpio"

	"keepalived-go/test/vm/talk"
)

// firstModules lead to the stream and to the shared file system.
var firstModules = []string{"virtio_pci", "virtio_console", "virtiofs", "overlay"}

// archive is the first file system: process 1, what it is to do, and the
// modules that it needs to reach everything else.
type archive struct {
	files  []string // paths inside
	source map[string]string
	text   map[string][]byte
}

func (k kernel) archive(init string, setup talk.Setup) (*archive, error) {
	a := &archive{source: map[string]string{}, text: map[string][]byte{}}
	order, err := k.order(firstModules)
	if err != nil {
		return nil, err
	}
	a.addFile("init", init)
	for _, file := range order {
		a.addFile("modules/"+filepath.Base(file), filepath.Join(k.modules, file))
		setup.First = append(setup.First, filepath.Base(file))
	}
	content, err := json.Marshal(setup)
	if err != nil {
		return nil, err
	}
	a.files = append(a.files, "setup")
	a.text["setup"] = content
	return a, nil
}

func (a *archive) addFile(inside, from string) {
	a.files = append(a.files, inside)
	a.source[inside] = from
}

// write writes the archive as the kernel reads it.
func (a *archive) write(to io.Writer) error {
	w := cpio.NewWriter(to)
	for _, dir := range []string{"dev", "modules"} {
		if err := w.WriteHeader(&cpio.Header{Name: dir, Mode: cpio.TypeDir | 0o755}); err != nil {
			return err
		}
	}
	for _, name := range a.files {
		content := a.text[name]
		if from, ok := a.source[name]; ok {
			var err error
			if content, err = os.ReadFile(from); err != nil {
				return err
			}
		}
		header := cpio.Header{Name: name, Mode: cpio.TypeReg | 0o755, Size: int64(len(content))}
		if err := w.WriteHeader(&header); err != nil {
			return err
		}
		if _, err := w.Write(content); err != nil {
			return err
		}
	}
	return w.Close()
}

// writeFile writes the archive to a file without a name, whose descriptor
// qemu inherits.
func (a *archive) writeFile() (*os.File, error) {
	file, err := os.CreateTemp("", "initramfs")
	if err != nil {
		return nil, err
	}
	err = errors.Join(os.Remove(file.Name()), a.write(file))
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("writing the first file system: %w", err)
	}
	return file, nil
}

// buildInit builds process 1 and returns its path.
func buildInit(root string) (string, error) {
	path := filepath.Join(root, ".cache/vm/init")
	_, err := goCommand(root, "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", path, "./test/vm/init")
	return path, err
}

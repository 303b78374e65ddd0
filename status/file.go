package status

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Place says where dumps go.
type Place struct {
	Folder string // of those that have no folder of their own: $TMPDIR or /tmp
	Suffix string // data_use_instance: the namespace and the instance, "" for none
}

// Folder is where dumps go without a keyword that tells: TMPDIR of the environment when it is the absolute name of a
// folder, else /tmp.
func Folder() string {
	if folder := os.Getenv("TMPDIR"); filepath.IsAbs(folder) {
		if info, err := os.Stat(folder); err == nil && info.IsDir() {
			return folder
		}
	}
	return "/tmp"
}

// Path is the file of a dump. name is the name that it has by default; setting is the keyword's value (state_dump_file,
// stats_dump_file or json_dump_file): a file, or a folder when it ends with a slash, absolute or below Folder. part is
// put behind the name, such as _check for the checker process.
func (p Place) Path(setting, name, part string) string {
	folder := p.Folder
	if filepath.IsAbs(setting) {
		folder = filepath.Dir(setting)
		if strings.HasSuffix(setting, "/") {
			folder = filepath.Clean(setting)
		}
	}
	if base := setting[strings.LastIndex(setting, "/")+1:]; base != "" {
		name = base
	}
	extension := filepath.Ext(name)
	stem := strings.TrimSuffix(name, extension)
	if p.Suffix != "" {
		part += "." + p.Suffix
	}
	return filepath.Join(folder, stem+part+extension)
}

// WriteFile puts content into a file so that nobody sees a part of it, and those who wait for the end of a writer on
// this name (inotify, IN_CLOSE_WRITE) are told: it writes a file beside it, renames that and closes it then. A file of
// somebody else, or a symbolic link, is replaced and never followed.
func WriteFile(path string, content []byte, mode os.FileMode) error {
	f, err := createBeside(path)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := fill(f, path, content, mode); err != nil {
		_, _ = f.Close(), os.Remove(f.Name()) // the first error is the one to tell
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// createBeside makes a file with a name of its own in the folder of path. Its name does not begin as the other one
// does: there are programs that take every name that does for a dump.
func createBeside(path string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(path), ".keepalived-dump-*")
}

func fill(f *os.File, path string, content []byte, mode os.FileMode) error {
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		return err
	}
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return &fs.PathError{Op: "rename", Path: path, Err: syscall.EISDIR}
	}
	return os.Rename(f.Name(), path)
}

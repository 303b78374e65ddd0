package notify

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Finding is what was found where a script should be.
type Finding uint8

// The findings.
const (
	Runnable      Finding = iota
	Missing               // there is no such file
	NotExecutable         // the user may not run it
	NotAFile              // a folder, say
)

// Find looks for the file of a script as the shell would, in PATH when the name has no slash, and tells whether the
// user may run it. The path is free of symbolic links; it is "" when the file is missing.
func Find(name string, uid, gid uint32) (path string, found Finding) {
	if !strings.Contains(name, "/") {
		if name = inPath(name, uid, gid); name == "" {
			return "", Missing
		}
	}
	path, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", Missing
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", Missing
	case !executable(info, uid, gid):
		return path, NotExecutable
	case !info.Mode().IsRegular():
		return path, NotAFile
	}
	return path, Runnable
}

func inPath(name string, uid, gid uint32) string {
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		file := filepath.Join(folder, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && executable(info, uid, gid) {
			return file
		}
	}
	return ""
}

// executable tells whether a user with one group may run a file.
func executable(info fs.FileInfo, uid, gid uint32) bool {
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	mode := info.Mode().Perm()
	switch {
	case uid == 0:
		return mode&0o111 != 0
	case sys.Uid == uid:
		return mode&0o100 != 0
	case sys.Gid == gid:
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}

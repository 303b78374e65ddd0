package config

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// HostEnv answers the decoder's questions from the machine that the process runs on.
func HostEnv() Env {
	name, err := os.Hostname()
	if err != nil {
		name = ""
	}
	return Env{
		HostName: name, Interface: hostInterface, User: hostUser, Group: hostGroup, Script: hostScript, CPUs: runtime.NumCPU(),
	}
}

func hostInterface(name string) (Interface, bool) {
	link, err := net.InterfaceByName(name)
	if err != nil {
		return Interface{}, false
	}
	i := Interface{MTU: link.MTU, Loopback: link.Flags&net.FlagLoopback != 0}
	addrs, err := link.Addrs()
	if err != nil {
		return i, true
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			i.Addresses = append(i.Addresses, p)
		}
	}
	return i, true
}

func hostUser(name string) (Account, bool) {
	u, err := user.Lookup(name)
	if err != nil {
		return Account{}, false
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return Account{}, false
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return Account{}, false
	}
	return Account{Name: u.Username, UID: uint32(uid), GID: uint32(gid)}, true
}

func hostGroup(name string) (uint32, bool) {
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, false
	}
	gid, err := strconv.ParseUint(g.Gid, 10, 32)
	return uint32(gid), err == nil
}

// hostScript finds a script as the shell would, and looks at the permissions of the file and of every directory above it.
func hostScript(path string, uid, gid uint32) ScriptState {
	if !strings.Contains(path, "/") {
		found := searchPath(path, uid, gid)
		if found == "" {
			return ScriptState{Missing: true}
		}
		path = found
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ScriptState{Missing: true}
	}
	info, err := os.Stat(real)
	if err != nil {
		return ScriptState{Missing: true}
	}
	if !executable(info, uid, gid) {
		return ScriptState{NotExecutable: true}
	}
	if uid != 0 && gid != 0 && !runsAsRoot(info) {
		return ScriptState{}
	}
	return checkPath(real)
}

// searchPath looks for a command in the directories of PATH.
func searchPath(name string, uid, gid uint32) string {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && executable(info, uid, gid) {
			return file
		}
	}
	return ""
}

// executable tells whether a user with one group may run a file.
func executable(info fs.FileInfo, uid, gid uint32) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	mode := info.Mode().Perm()
	switch {
	case uid == 0:
		return mode&0o111 != 0
	case st.Uid == uid:
		return mode&0o100 != 0
	case st.Gid == gid:
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}

// runsAsRoot tells whether a file is set-uid or set-gid root.
func runsAsRoot(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	return st.Uid == 0 && info.Mode()&fs.ModeSetuid != 0 || st.Gid == 0 && info.Mode()&fs.ModeSetgid != 0
}

// checkPath looks at a file and at each directory above it.
func checkPath(path string) ScriptState {
	for p := path; ; p = filepath.Dir(p) {
		info, err := os.Lstat(p)
		if errors.Is(err, fs.ErrNotExist) {
			return ScriptState{Missing: true}
		}
		if err != nil || (p == path) == info.IsDir() {
			return ScriptState{Inhibited: true}
		}
		if writable(info) {
			return ScriptState{Insecure: true}
		}
		if p == "/" || p == "." {
			return ScriptState{}
		}
	}
}

// writable tells whether somebody else than root could change a file or directory. In a sticky directory nobody can
// replace what is root's.
func writable(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || st.Uid != 0 {
		return true
	}
	if info.IsDir() && info.Mode()&fs.ModeSticky != 0 {
		return false
	}
	mode := info.Mode().Perm()
	return st.Gid != 0 && mode&0o020 != 0 || mode&0o002 != 0
}

package notify

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestLookupLocal(t *testing.T) {
	for _, name := range []string{"root", "0"} {
		c, err := LookupUser(name)
		if err != nil || c.UID != 0 || c.GID != 0 {
			t.Errorf("user %s: %+v, %v", name, c, err)
		}
		if gid, err := LookupGroup(name); err != nil || gid != 0 {
			t.Errorf("group %s: %d, %v", name, gid, err)
		}
	}
	if _, err := LookupUser("no-such-user"); !errors.Is(err, ErrNoAccount) {
		t.Errorf("unknown user: %v", err)
	}
	if _, err := LookupGroup("no-such-group"); !errors.Is(err, ErrNoAccount) {
		t.Errorf("unknown group: %v", err)
	}
}

// Users of a directory server are known to getent only.
func TestLookupThroughGetent(t *testing.T) {
	dir := t.TempDir()
	script := `#!/bin/sh
case "$1 $2" in
"passwd ldapuser") echo 'ldapuser:x:70001:70002:A user:/home/ldapuser:/bin/sh' ;;
"initgroups ldapuser") echo 'ldapuser              70003 70002 70004' ;;
"passwd 70005") echo 'other:x:70005:70006:::' ;;
"initgroups other") echo 'other' ;;
"passwd alone") echo 'alone:x:70007:70008:::' ;;
"group ldapgroup") echo 'ldapgroup:x:70003:' ;;
"passwd odd") echo 'odd:x:minus:1:::' ;;
"passwd short") echo 'short' ;;
*) exit 2 ;;
esac
`
	must(t, os.WriteFile(filepath.Join(dir, "getent"), []byte(script), 0o755))
	t.Setenv("PATH", dir)
	for name, want := range map[string]Credentials{
		"ldapuser": {UID: 70001, GID: 70002, Groups: []uint32{70002, 70003, 70004}},
		"70005":    {UID: 70005, GID: 70006, Groups: []uint32{70006}},
		"alone":    {UID: 70007, GID: 70008}, // of whose groups nobody knows
	} {
		if c, err := LookupUser(name); err != nil || !reflect.DeepEqual(c, want) {
			t.Errorf("user %s: %+v, %v, want %+v", name, c, err, want)
		}
	}
	if gid, err := LookupGroup("ldapgroup"); err != nil || gid != 70003 {
		t.Errorf("group: %d, %v", gid, err)
	}
	for _, name := range []string{"odd", "short", "nobody-at-all"} {
		if c, err := LookupUser(name); err == nil {
			t.Errorf("user %s: %+v, want an error", name, c)
		}
	}
}

package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Credentials are who a script runs as.
type Credentials struct {
	UID, GID uint32
	Groups   []uint32 // supplementary groups of the user; nil when they are not known
}

// lookupPatience bounds a question to getent, which may ask a directory server.
const lookupPatience = 2 * time.Second

// ErrNoAccount says that a user or group does not exist.
var ErrNoAccount = errors.New("does not exist")

// OwnCredentials are those of this process.
func OwnCredentials() Credentials {
	return Credentials{UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}
}

// LookupUser finds a user by name or number, in the local files first, then through getent (LDAP, SSSD).
func LookupUser(name string) (Credentials, error) {
	if u, err := user.Lookup(name); err == nil {
		return userCredentials(u)
	}
	if u, err := user.LookupId(name); err == nil {
		return userCredentials(u)
	}
	fields, err := getent("passwd", name)
	if err != nil {
		return Credentials{}, fmt.Errorf("user %s: %w", name, err)
	}
	c, err := numbers(fields[2], fields[3])
	if err == nil {
		c.Groups = initGroups(fields[0], c.GID)
	}
	return c, err
}

// initGroups are the groups that a user of the name service has, the primary one first, as initgroups(3) gives them; nil
// where nobody says so.
func initGroups(user string, primary uint32) []uint32 {
	out, err := askGetent("initgroups", user)
	words := strings.Fields(string(out))
	if err != nil || len(words) == 0 {
		return nil // the primary group is enough to run
	}
	groups := []uint32{primary}
	for _, word := range words[1:] { // the first one is the user
		if n, err := strconv.ParseUint(word, 10, 32); err == nil && !slices.Contains(groups, uint32(n)) {
			groups = append(groups, uint32(n))
		}
	}
	return groups
}

func userCredentials(u *user.User) (Credentials, error) {
	c, err := numbers(u.Uid, u.Gid)
	if err != nil {
		return c, err
	}
	ids, err := u.GroupIds()
	if err != nil {
		return c, nil // the primary group is enough to run
	}
	for _, id := range ids {
		if n, err := strconv.ParseUint(id, 10, 32); err == nil {
			c.Groups = append(c.Groups, uint32(n))
		}
	}
	return c, nil
}

// LookupGroup finds a group by name or number.
func LookupGroup(name string) (uint32, error) {
	if g, err := user.LookupGroup(name); err == nil {
		return number(g.Gid)
	}
	if g, err := user.LookupGroupId(name); err == nil {
		return number(g.Gid)
	}
	fields, err := getent("group", name)
	if err != nil {
		return 0, fmt.Errorf("group %s: %w", name, err)
	}
	return number(fields[2])
}

// getent asks for an entry of passwd or group.
func getent(database, name string) ([]string, error) {
	out, err := askGetent(database, name)
	if err != nil {
		return nil, err
	}
	fields := strings.Split(string(bytes.TrimSpace(out)), ":")
	if len(fields) < 4 {
		return nil, ErrNoAccount
	}
	return fields, nil
}

// askGetent asks the system's name service, which this binary does not link.
func askGetent(database, name string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lookupPatience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "getent", database, name).Output()
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("asking getent: no answer within %v", lookupPatience)
	case errors.As(err, &ended), errors.Is(err, exec.ErrNotFound):
		return nil, ErrNoAccount // or nobody who could know more than the files
	case err != nil:
		return nil, fmt.Errorf("asking getent: %w", err)
	}
	return out, nil
}

func numbers(uid, gid string) (Credentials, error) {
	u, err := number(uid)
	if err != nil {
		return Credentials{}, err
	}
	g, err := number(gid)
	return Credentials{UID: u, GID: g}, err
}

func number(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("reading an account: %w", err)
	}
	return uint32(n), nil
}

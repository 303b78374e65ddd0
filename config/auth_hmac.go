package config

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"

	"keepalived-go/parser"
)

// The bounds of auth_hmac.
const (
	minHMACKey    = 32 // octets
	maxHMACKey    = 64 // octets
	minHMACWindow = 5 * time.Second
	maxHMACWindow = 300 * time.Second
	// maxHMACFile is what the longest key can take in a file, with the prefix of its digits and some room at the end.
	maxHMACFile = len(hexPrefix) + 2*maxHMACKey + 7
)

// The prefixes of keys that are not written as they are.
const (
	hexPrefix  = "hex:"
	filePrefix = "file:"
)

// openHMAC begins auth_hmac. A second block adds to the first.
func (d *decoder) openHMAC(l line) {
	d.scope.inst.HMAC.Use, d.scope.inst.hmacPos = true, l.st.Pos()
}

func (d *decoder) antiReplay(l line) {
	d.choose(l, &d.scope.inst.HMAC.AntiReplay, "time", "monotonic")
}

func (d *decoder) hmacMode(l line) {
	d.choose(l, &d.scope.inst.HMAC.Mode, "enforce", "permissive", "receive-only")
}

// choose reads one of some words.
func (d *decoder) choose(l line, place *string, words ...string) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	known := map[string]bool{}
	for _, c := range words {
		if c == w.Text {
			*place = c
			return
		}
		known[c] = true
	}
	d.report(w.Pos, warning, statusConfig, hint(d, w.Text, known), "%s: %q is none of %s", l.kw.Name, w.Text, strings.Join(words, ", "))
}

// hmacKey reads ID VALUE. A key that cannot be used is left out.
func (d *decoder) hmacKey(l line) {
	i := d.scope.inst
	v, ok := l.arg(1)
	if !ok {
		d.warn(l.st.Pos(), "(%s) key needs a number and a value", i.Name)
		return
	}
	w, _ := l.arg(0)
	id, ok := d.number("key", w, strict(intArg(1, 255)))
	if !ok {
		return
	}
	k := HMACKey{ID: int(id), Value: v.Text}
	if k.Key, ok = d.hmacSecret(v); !ok {
		return
	}
	for _, other := range i.HMAC.Keys {
		if other.ID == k.ID {
			d.warn(w.Pos, "(%s) key %d was given before, this one is ignored", i.Name, k.ID)
			return
		}
	}
	i.HMAC.Keys = append(i.HMAC.Keys, k)
}

// hmacSecret gives the octets of a key. Without the files of a host a key in a file is taken as it is.
func (d *decoder) hmacSecret(v parser.Word) (string, bool) {
	text := v.Text
	if name, ok := strings.CutPrefix(text, filePrefix); ok {
		if d.env.Files == nil {
			return "", true
		}
		if text, ok = d.hmacFile(v, name); !ok {
			return "", false
		}
	}
	key := text
	if digits, ok := strings.CutPrefix(text, hexPrefix); ok {
		if key, ok = hexOctets(digits); !ok {
			d.warn(v.Pos, "(%s) key: what follows %s is not hexadecimal, the key is ignored", d.scope.inst.Name, hexPrefix)
			return "", false
		}
	}
	if len(key) < minHMACKey || len(key) > maxHMACKey {
		d.report(v.Pos, warning, statusConfig, "such as hex: and 64 digits, as openssl rand -hex 32 prints them",
			"(%s) a key has %d to %d octets, this one has %d and is ignored", d.scope.inst.Name, minHMACKey, maxHMACKey, len(key))
		return "", false
	}
	return key, true
}

// hmacFile reads a key from a file: what could stand in its place, with the end of the line taken off.
func (d *decoder) hmacFile(v parser.Word, name string) (string, bool) {
	i := d.scope.inst
	text, mode, err := readSecret(d.env.Files, name)
	if err != nil {
		d.warn(v.Pos, "(%s) key: %s: %v, the key is ignored", i.Name, name, err)
		return "", false
	}
	if mode.Perm()&0o077 != 0 {
		d.report(v.Pos, warning, parser.StatusSecurity, "chmod 600 "+name, "(%s) key: others than the owner have access to %s", i.Name, name)
	}
	return text, true
}

// The reasons why a file holds no key.
var (
	errNoFile   = errors.New("there is no such file")
	errNoRead   = errors.New("it cannot be read")
	errNotAFile = errors.New("it is not a regular file")
	errTooLarge = errors.New("it is too large for a key")
)

// readSecret reads a small file and tells who has access to it.
func readSecret(files fs.FS, name string) (string, fs.FileMode, error) {
	info, err := fs.Stat(files, rooted(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", 0, errNoFile
	case err != nil:
		return "", 0, errNoRead
	case !info.Mode().IsRegular():
		return "", 0, errNotAFile
	}
	f, err := files.Open(rooted(name))
	if err != nil {
		return "", 0, errNoRead
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(f, int64(maxHMACFile)+1))
	switch {
	case err != nil:
		return "", 0, errNoRead
	case len(data) > maxHMACFile:
		return "", 0, errTooLarge
	}
	return strings.TrimRight(string(data), "\r\n"), info.Mode(), nil
}

// hexOctets reads pairs of hexadecimal digits. Blanks may stand between them; a digit with a blank or the end behind
// it is an octet by itself.
func hexOctets(s string) (string, bool) {
	var out strings.Builder
	for s = strings.TrimLeft(s, " \t"); s != ""; s = strings.TrimLeft(s, " \t") {
		v, ok := nibble(s[0])
		if !ok {
			return "", false
		}
		s = s[1:]
		if s != "" && s[0] != ' ' {
			low, ok := nibble(s[0])
			if !ok {
				return "", false
			}
			v, s = v<<4|low, s[1:]
		}
		out.WriteByte(v)
	}
	return out.String(), out.Len() > 0
}

// nibble is the value of a hexadecimal digit.
func nibble(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// resolveHMAC settles what the settings mean together. It comes before advert_int is rounded, as in upstream.
func (d *decoder) resolveHMAC(i *rawInstance) {
	h := &i.HMAC
	if !h.Use {
		return
	}
	if i.AuthType != AuthNone {
		d.warn(i.hmacPos, "(%s) auth_hmac excludes authentication, which is ignored", i.Name)
		i.AuthType = AuthNone
	}
	if !h.has(h.ActiveKey) {
		d.warn(i.hmacPos, "(%s) auth_hmac: active_key %d is not defined, auth_hmac is ignored", i.Name, h.ActiveKey)
		*h = HMAC{}
		return
	}
	if i.Instance.Strict && h.Mode != "" && h.Mode != "enforce" {
		d.warn(i.hmacPos, "(%s) auth_hmac: strict mode needs mode enforce, it is used", i.Name)
		h.Mode = "enforce"
	}
	if h.AntiReplay != "monotonic" && h.TimeWindow == 0 {
		h.TimeWindow = min(max(3*i.AdvertInt.Truncate(time.Second), minHMACWindow), maxHMACWindow)
	}
}

// has tells whether there is a key of a number.
func (h *HMAC) has(id int) bool {
	for _, k := range h.Keys {
		if k.ID == id {
			return true
		}
	}
	return false
}

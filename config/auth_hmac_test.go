package config

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"keepalived-go/parser"
)

func TestHMAC(t *testing.T) {
	const ok, bad, missing, insecure = parser.StatusOK, parser.StatusConfig, parser.StatusMissing, parser.StatusSecurity
	key := strings.Repeat("k", 32)
	host := Env{Files: fstest.MapFS{
		"etc/key":    {Data: []byte(key + "\r\n"), Mode: 0o600},
		"etc/hex":    {Data: []byte("hex:" + strings.Repeat("0a", 32) + "\n"), Mode: 0o400},
		"etc/longer": {Data: []byte("hex:" + strings.Repeat("0a", 64) + "\n\n"), Mode: 0o400},
		"etc/open":   {Data: []byte(key), Mode: 0o640},
		"etc/large":  {Data: []byte(strings.Repeat("k", maxHMACFile+1)), Mode: 0o600},
		"etc/short":  {Data: []byte("k\n"), Mode: 0o600},
	}}
	use := "active_key 1\nkey 1 "
	for _, c := range []struct {
		name, lines string
		key         string // of number 1, "" when auth_hmac is not used
		status      parser.Status
		says        string
	}{
		{"32 octets", use + key, key, ok, ""},
		{"64 octets", use + key + key, key + key, ok, ""},
		{"31 octets", use + key[1:], "", bad, "9:7: warning: (V) a key has 32 to 64 octets, this one has 31"},
		{"65 octets", use + key + key + "k", "", bad, "this one has 65"},
		{"a key with blanks", use + `"` + key + ` k"`, key + " k", ok, ""},
		{"digits", use + "hex:" + strings.Repeat("4B", 32), strings.Repeat("K", 32), ok, ""},
		{"digits with blanks", use + `"hex: ` + strings.Repeat("4b 4B", 15) + ` 4b4b 4b4b"`, strings.Repeat("K", 34), ok, ""},
		{"digits by themselves", use + `"hex:` + strings.Repeat("4b ", 31) + ` a"`, strings.Repeat("K", 31) + "\n", ok, ""},
		{"too few digits", use + "hex:" + strings.Repeat("4b", 31), "", bad, "this one has 31"},
		{"no digits", use + "hex:", "", bad, "not hexadecimal"},
		{"wrong digit", use + "hex:" + strings.Repeat("4g", 32), "", bad, "9:7: warning: (V) key: what follows hex: is not hexadecimal"},
		{"wildcard", use + "hex:" + strings.Repeat("4x", 32), "", bad, "not hexadecimal"},
		{"file", use + "file:/etc/key", key, ok, ""},
		{"file with digits", use + "file:/etc/hex", strings.Repeat("\n", 32), ok, ""},
		{"longest file", use + "file:/etc/longer", strings.Repeat("\n", 64), ok, ""},
		{"file that others read", use + "file:/etc/open", key, insecure, "others than the owner have access to /etc/open"},
		{"no file", use + "file:/etc/none", "", bad, "9:7: warning: (V) key: /etc/none: there is no such file"},
		{"folder", use + "file:/etc", "", bad, "not a regular file"},
		{"large file", use + "file:/etc/large", "", bad, "too large"},
		{"short file", use + "file:/etc/short", "", bad, "this one has 1 "},
		{"no value", "active_key 1\nkey 1", "", bad, "key needs a number and a value"},
		{"no number", "active_key 1\nkey", "", bad, "key needs a number and a value"},
		{"number out of range", use + key + "\nkey 256 " + key, key, bad, "10:5: warning: key: number 256 is outside"},
		{"number 0", use + key + "\nkey 0 " + key, key, bad, "outside"},
		{"number with rubbish", "active_key 1\nkey 1x " + key, "", bad, "not a number"},
		{"twice", use + key + "\nkey 1 " + strings.ToUpper(key), key, bad, "10:5: warning: (V) key 1 was given before"},
		{"a wrong one does not count", use + "short\nkey 1 " + key, key, bad, "this one has 5"},
		{"two", use + key + "\nkey 2 " + key, key, ok, ""},
		{"active key that is not there", "active_key 2\nkey 1 " + key, "", bad, "7:1: warning: (V) auth_hmac: active_key 2 is not defined"},
		{"no active key", "key 1 " + key, "", bad, "active_key 0 is not defined"},
		{"active key with rubbish", "active_key 1x\nkey 1 " + key, "", bad, "not a number"},
		{"active key without number", "active_key", "", missing, "active_key"},
		{"mode", "mode permisive\n" + use + key, key, bad, `8:6: warning: mode: "permisive" is none of enforce, permissive, receive-only`},
		{"mode without word", "mode", "", missing, "mode"},
		{"anti_replay", "anti_replay clock\n" + use + key, key, bad, "none of time, monotonic"},
		{"anti_replay without word", "anti_replay", "", missing, "anti_replay"},
		{"window", "time_window 301\n" + use + key, key, bad, "outside"},
		{"window with rubbish", "time_window 30x\n" + use + key, key, bad, "not a number"},
		{"window without number", "time_window", "", missing, "time_window"},
	} {
		got, diags := decodeOn(t, "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\nauth_hmac {\n"+c.lines+"\n}\n}\n", host)
		text := ""
		for _, d := range diags {
			text += d.String() + "\n"
		}
		if status(diags) != c.status || !strings.Contains(text, c.says) {
			t.Errorf("%s: status %d, want %d; %s", c.name, status(diags), c.status, text)
		}
		if c.status == missing {
			continue
		}
		h := got.Instances[0].HMAC
		if h.Use != (c.key != "") || h.Use && h.Keys[0].Key != c.key {
			t.Errorf("%s: %+v", c.name, h)
		}
		if strings.Contains(text, key) {
			t.Errorf("%s: a message shows the key: %s", c.name, text)
		}
	}
}

func TestHMACResolve(t *testing.T) {
	key := "auth_hmac {\nkey 1 " + strings.Repeat("k", 32) + "\nactive_key 1\n%s\n}\n"
	for _, c := range []struct {
		name, lines, inside string
		window              time.Duration
		mode                string
		says                string
	}{
		{"default", "", "", 5 * time.Second, "", ""},
		{"from the interval", "advert_int 2.6\n", "", 6 * time.Second, "", ""},
		{"at most", "advert_int 200\n", "", 300 * time.Second, "", ""},
		{"given", "advert_int 100\n", "time_window 7", 7 * time.Second, "", ""},
		{"without clock", "", "anti_replay monotonic", 0, "", ""},
		{"mode", "", "mode receive-only", 5 * time.Second, "receive-only", ""},
		{"strict", "strict_mode\n", "mode permissive", 5 * time.Second, "enforce", "strict mode needs mode enforce"},
		{"with a password", "authentication {\nauth_type PASS\nauth_pass x\n}\n", "", 5 * time.Second, "", "auth_hmac excludes authentication"},
	} {
		got, diags := decodeText(t, "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\n"+c.lines+strings.Replace(key, "%s", c.inside, 1)+vip+"}\n")
		in := got.Instances[0]
		if in.HMAC.TimeWindow != c.window || in.HMAC.Mode != c.mode || in.AuthType != AuthNone || !says(diags, c.says) {
			t.Errorf("%s: %+v %v", c.name, in.HMAC, diags)
		}
	}
}

package e2e

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// hmacKeys are two keys, of which number active signs.
func hmacKeys(active int, more string) string {
	return fmt.Sprintf(`auth_hmac {
key 1 hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
key 2 "sixty-four characters at most, and thirty-two at least"
active_key %d
%s}
`, active, more)
}

// signed is a dialect with a trailer.
func signed(d dialect, more string) dialect {
	d.name += " HMAC"
	d.lines += hmacKeys(1, more)
	return d
}

// unauthenticated is version 2 without authentication.
var unauthenticated = dialect{"v2", 2, time.Second, "version 2\nadvert_int 1\n"}

// signedStyles are those of auth_hmac. (Debian's version has none.)
var signedStyles = []style{
	{"v3", signed(fast, ""), [2]string{}, fourVIPs, nil, false},
	{"v2", signed(unauthenticated, "time_window 2\n"), [2]string{}, fourVIPs, nil, false},
	{"IPv6", signed(fast, "anti_replay monotonic\n"), [2]string{}, sixVIPs, nil, false},
	{"unicast v3", signed(fast, ""), peers(fours, ""), fourVIPs, nil, false},
	{"unicast IPv6", signed(fast, ""), peers(globals, ""), sixVIPs, nil, false},
}

// TestHMAC has the life of two servers whose adverts are signed.
func TestHMAC(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	for _, s := range signedStyles {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			n := newDualNetwork(t, s.dialect)
			familyLife(n, s, [2]lab.Program{ours, ours})
			for _, web := range n.web {
				sequences(n, web)
			}
		})
	}
}

// trailerOf is what stands behind an advert, without the hash.
func trailerOf(f lab.Frame) (key byte, sequence uint64, ok bool) {
	a, _ := f.Advert()
	const length = 28
	want := 8 + len(a.Addresses)*a.Source.BitLen()/8
	if a.Version == 2 {
		want += 8
	}
	if len(a.Packet) != want+length {
		return 0, 0, false
	}
	trailer := a.Packet[want:]
	return trailer[1], binary.BigEndian.Uint64(trailer[4:]), true
}

// sequences checks that every advert of a server is signed, and that the sequence has never gone back: over all its
// processes.
func sequences(n *network, host *lab.Host) {
	n.t.Helper()
	last, sent := uint64(0), n.adverts(0, host, vrid)
	if len(sent) == 0 {
		n.t.Errorf("no adverts from %s", host.Name)
	}
	for _, f := range sent {
		_, sequence, ok := trailerOf(f)
		if a, _ := f.Advert(); a.AH != nil {
			sequence, ok = uint64(binary.BigEndian.Uint32(a.AH[8:])), true
		}
		if !ok {
			n.t.Errorf("%s has sent an advert that is not signed at %v", host.Name, f.Time)
		}
		if sequence <= last {
			n.t.Errorf("%s has sent sequence %#x after %#x", host.Name, sequence, last)
		}
		last = max(last, sequence)
	}
}

// TestHMACChildKilled kills the VRRP process of a Master: the next one goes on where it was. It is not parallel to
// others, as TestFamilyChildKilled.
func TestHMACChildKilled(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	d := signed(dialects[1], "")
	n := newNetwork(t, d)
	web1, web2 := n.web[0], n.web[1]
	daemon := n.start(web1, ours, d.config("MASTER", high))
	n.holder(web1, d.masterDown(high))
	n.startBehind(web2, ours, d.config("BACKUP", low))
	child := 0
	for range crashes {
		var err error
		child, err = daemon.VRRPChild(n.context(d.interval), child)
		n.must(err)
		n.must(unix.Kill(child, unix.SIGKILL))
		_, err = daemon.VRRPChild(n.context(d.interval), child)
		n.must(err)
		mark := n.Frames.Len()
		n.advert(mark, web1, d.interval, "an advert after the crash", lives)
	}
	n.must(second(n, n.Frames.Len()))
	sequences(n, web1)
	if taken := n.adverts(0, web2, vrid); len(taken) > 0 {
		t.Errorf("the Backup became Master: %d adverts", len(taken))
	}
}

// TestHMACMigration brings signatures to two servers that are at work, and then another key: nobody but the Master
// ever sends.
func TestHMACMigration(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	d := dialects[1]
	n := newNetwork(t, d)
	config := func(state string, priority int, hmac string) string {
		return d.instance("VI_1", vrid, state, priority, vip.String(), hmac)
	}
	first := n.start(n.web[0], ours, config("MASTER", high, ""))
	n.holder(n.web[0], d.masterDown(high))
	other := n.startBehind(n.web[1], ours, config("BACKUP", low, ""))
	for _, step := range []struct {
		name, hmac string
		key        byte // of the Master's adverts when both have it, 0: none
	}{
		{"keys", hmacKeys(1, "mode receive-only\n"), 0},
		{"signatures", hmacKeys(1, "mode permissive\n"), 1},
		{"signatures alone", hmacKeys(1, "mode enforce\n"), 1},
		{"another key", hmacKeys(2, ""), 2},
		{"one key less", strings.Replace(hmacKeys(2, ""), "key 1 hex", "#", 1), 2},
	} {
		t.Log(step.name)
		n.reload(other, config("BACKUP", low, step.hmac), "Reload complete")
		n.must(second(n, n.Frames.Len()))
		n.reload(first, config("MASTER", high, step.hmac), "Reload complete")
		mark := n.Frames.Len()
		n.must(second(n, mark))
		n.must(second(n, n.Frames.Len()))
		last := n.adverts(mark, n.web[0], vrid)
		if key, _, ok := trailerOf(last[len(last)-1]); key != step.key || ok != (step.key != 0) {
			t.Errorf("%s: the Master signs with key %d, %v", step.name, key, ok)
		}
	}
	if taken := n.adverts(0, n.web[1], vrid); len(taken) > 0 {
		t.Errorf("the Backup became Master: %d adverts", len(taken))
	}
	n.holder(n.web[0], d.interval)
}

// TestHMACAttacks has a third host send what it has heard again, and what it makes up: all is counted by reason, said
// once, and changes nothing.
func TestHMACAttacks(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	d := signed(dialects[1], "time_window 1\n")
	n := newNetwork(t, d)
	web1, web2 := n.web[0], n.web[1]
	n.start(web1, ours, d.config("MASTER", high))
	n.holder(web1, d.masterDown(high))
	backup := n.startBehind(web2, ours, d.config("BACKUP", low))
	heard := n.advert(n.Frames.Len(), web1, d.interval, "an advert", lives)
	_, old, _ := trailerOf(heard)

	attacks := []struct {
		counter, says string
		frame         func(data []byte) []byte // of one that was heard a moment before
	}{
		{"Replay", "replayed authentication trailer from 192.168.4.100", func(b []byte) []byte { return b }},
		{"Invalid HMAC", "invalid authentication HMAC from 192.168.4.100", func(b []byte) []byte { b[14+20+2] = 255; return b }},
		{"Unknown Key", "unknown authentication key id 9 from 192.168.4.100", func(b []byte) []byte { b[len(b)-27] = 9; return b }},
		{"Malformed", "malformed authentication trailer from 192.168.4.100", func(b []byte) []byte { b[len(b)-25] = 1; return b }},
		{"Missing", "missing authentication trailer from 192.168.4.100", func(b []byte) []byte {
			b = b[:len(b)-28]
			binary.BigEndian.PutUint16(b[14+2:], uint16(len(b)-14))
			return headed(b)
		}},
	}
	for _, a := range attacks {
		f := n.advert(n.Frames.Len(), web1, d.interval, "an advert", lives)
		mark := backup.Lines.Len()
		n.must(n.client.SendFrame(a.frame(slices.Clone(f.Data))))
		_, err := backup.WaitLine(n.context(d.interval), mark, a.says)
		n.must(err)
	}
	n.must(func() error {
		_, err := n.Frames.Wait(n.context(3*time.Second), 0, "adverts that are some seconds younger", func(f lab.Frame) bool {
			_, sequence, ok := trailerOf(f)
			return ok && f.From == web1.Name && sequence>>32 > old>>32+2
		})
		return err
	}())
	mark := backup.Lines.Len()
	n.must(n.client.SendFrame(heard.Data))
	line, err := backup.WaitLine(n.context(d.interval), mark, "stale authentication trailer from 192.168.4.100")
	n.must(err)
	if ok, _ := regexp.MatchString(`clock skew [2-9] sec exceeds window 1 sec`, line.Text); !ok {
		t.Errorf("the line is %q", line.Text)
	}
	stats := n.dump(web2, signalTo(backup), unix.SIGUSR2, "keepalived.stats")
	for _, c := range []string{"Replay", "Invalid HMAC", "Unknown Key", "Malformed", "Missing", "Stale"} {
		if got := counterOf(stats, c); got != 1 {
			t.Errorf("%s: counted %d times, want 1", c, got)
		}
	}
	if taken := n.adverts(0, web2, vrid); len(taken) > 0 {
		t.Errorf("the Backup became Master: %d adverts", len(taken))
	}
	n.holder(web1, d.interval)
}

// counterOf is the number behind a label in keepalived.stats, -1 when there is none.
func counterOf(stats, label string) int {
	for line := range strings.Lines(stats) {
		if text, found := strings.CutPrefix(strings.TrimSpace(line), label+": "); found {
			count, err := strconv.Atoi(text)
			if err == nil {
				return count
			}
		}
	}
	return -1
}

// headed puts the checksum of the IPv4 header of a frame right.
func headed(frame []byte) []byte {
	header := frame[14 : 14+20]
	header[10], header[11] = 0, 0
	binary.BigEndian.PutUint16(header[10:], ^headerSum(header))
	return frame
}

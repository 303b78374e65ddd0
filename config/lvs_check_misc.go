package config

import (
	"fmt"
	"math"
	"time"

	"keepalived-go/parser"
)

// readMiscPath reads misc_path: the program of MISC_CHECK with its arguments.
func (d *decoder) readMiscPath(l line) {
	user := d.scope.misc.Script
	words, fault := scriptWords(l.st.Raw.Text)
	if fault == "" && len(words) > 1 {
		d.scope.misc.Script.Argv, fault = scriptWords(words[1])
	}
	if fault != "" {
		d.warn(l.st.Pos(), "misc_path: %s", fault)
		d.scope.misc.Script = user
	}
}

// readMiscTimeout reads misc_timeout, in whole seconds.
func (d *decoder) readMiscTimeout(l line) {
	var v uint32
	d.readUint32(l, 0, math.MaxUint32/int64(time.Second/time.Microsecond), &v)
	d.scope.misc.Timeout = time.Duration(v) * time.Second
}

// readMiscUser reads user of MISC_CHECK. A user that does not exist removes the check.
func (d *decoder) readMiscUser(l line) {
	if len(l.st.Args()) == 0 {
		d.warn(l.st.Pos(), "user: a name is missing")
		return
	}
	s := &d.scope.misc.Script
	s.setUser(texts(l.st.Args()))
	if what, ok := d.account(*s); !ok {
		d.warn(l.st.Pos(), "user: %s does not exist, the check is ignored", what)
		d.scope.chk.dropped = true
		return
	}
	d.scope.chk.miscUser = true
}

// endMisc tells whether a MISC_CHECK has a program and a user.
func (d *decoder) endMisc() bool {
	c, s := &d.scope.chk, d.scope.misc.Script
	if !s.Set() {
		d.warn(c.Pos, "MISC_CHECK has no misc_path, it is ignored")
		return false
	}
	return c.miscUser || d.defaultScriptUser(c.Pos)
}

// readPayload reads payload of UDP_CHECK.
func (d *decoder) readPayload(l line) {
	if len(l.st.Args()) == 0 {
		d.warn(l.st.Pos(), "payload: the bytes are missing")
		return
	}
	if data, _, ok := d.readHex(l, false); ok {
		d.scope.udp.Payload = data
	}
}

// readReply reads require_reply of UDP_CHECK.
func (d *decoder) readReply(l line) {
	u := &d.scope.udp
	u.RequireReply = true
	if len(l.st.Args()) == 0 {
		return
	}
	if data, ignore, ok := d.readHex(l, true); ok {
		u.Reply, u.ReplyIgnore = data, ignore
	}
}

// readHex reads bytes in hexadecimal from all words of a line. Two digits are a byte, and so is one that a blank
// follows. With wildcard, x stands for four bits that do not matter; they are set in ignore, which is nil without any.
func (d *decoder) readHex(l line, wildcard bool) (data, ignore []byte, ok bool) {
	any := false
	for _, w := range l.st.Args() {
		for i := 0; i < len(w.Text); {
			var b, m byte
			for n := 0; n < 2 && i < len(w.Text); n++ {
				c := w.Text[i]
				v := hexDigit(c)
				if v < 0 && !(wildcard && c|0x20 == 'x') {
					d.hexFault(w, i, wildcard)
					return nil, nil, false
				}
				b, m = b<<4, m<<4
				if v >= 0 {
					b |= byte(v)
				} else {
					m, any = m|0xf, true
				}
				i++
			}
			data, ignore = append(data, b), append(ignore, m)
		}
	}
	if !any {
		ignore = nil
	}
	return data, ignore, true
}

// hexFault reports a byte that is no hexadecimal digit.
func (d *decoder) hexFault(w parser.Word, i int, wildcard bool) {
	allowed := "0 to 9 and a to f"
	if wildcard {
		allowed += ", or x for four bits that do not matter"
	}
	pos := w.Pos
	pos.Column += int32(i)
	d.report(pos, parser.Warning, parser.StatusConfig, "digits are "+allowed, "%s", fmt.Sprintf("%q is not a hexadecimal digit", w.Text[i]))
}

// openFileCheck begins a FILE_CHECK.
func (d *decoder) openFileCheck(l line) {
	d.announceOnce(l.kw)
	d.scope.lvsOpen = inFileCheck
	d.scope.fileChk = fileDraft{pos: l.st.Pos()}
}

// readCheckFile reads track_file of FILE_CHECK; the file must have been defined before.
func (d *decoder) readCheckFile(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	if _, ok := d.trackFile(w.Text); !ok {
		d.warn(w.Pos, "track_file: there is no track_file %s before this line", w.Text)
		return
	}
	d.scope.fileChk.Name = w.Text
}

// trackFile finds a track_file that was read.
func (d *decoder) trackFile(name string) (*TrackFile, bool) {
	known := d.scope.trackFiles
	if known == nil {
		known = map[string]int{}
		d.scope.trackFiles = known
	}
	for i := len(known); i < len(d.config.TrackFiles); i++ {
		known[d.config.TrackFiles[i].Name] = i
	}
	i, ok := known[name]
	if !ok {
		return nil, false
	}
	return &d.config.TrackFiles[i], true
}

// readCheckFileWeight reads weight of FILE_CHECK.
func (d *decoder) readCheckFileWeight(l line) {
	w, ok := l.arg(0)
	if !ok {
		d.warn(l.st.Pos(), "weight: a number is missing")
		return
	}
	v, ok := d.number(l.kw.Name, w, intArg(-maxWeight, maxWeight))
	if !ok {
		return
	}
	reverse := false
	if w, given := l.arg(1); given {
		reverse = w.Text == "reverse"
		if !reverse && w.Text != "noreverse" {
			d.report(w.Pos, parser.Warning, parser.StatusConfig, "write reverse or noreverse", "weight: %q is unknown, the line is ignored", w.Text)
			return
		}
	}
	f := &d.scope.fileChk
	f.Weight, f.Reverse, f.weightGiven = int32(v), reverse, true
}

// endFileCheck puts the file to its real server.
func (d *decoder) endFileCheck() {
	s := &d.scope.lvsScope
	s.lvsOpen = inRealServer
	t, ok := d.trackFile(s.fileChk.Name)
	if !ok {
		d.warn(s.fileChk.pos, "FILE_CHECK has no track_file, it is ignored")
		return
	}
	if !s.fileChk.weightGiven {
		s.fileChk.Weight, s.fileChk.Reverse = int32(t.Weight.Value), t.Weight.Reverse
	}
	s.fileChks = append(s.fileChks, s.fileChk.FileCheck)
}

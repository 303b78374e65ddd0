package e2e

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// style is a way to run one virtual router between two servers: by family, and with a group or with peers.
type style struct {
	name    string
	dialect dialect
	extra   [2]string // what the instance of each server says besides
	vips    []string  // virtual addresses with what stands behind them in the file
	others  []string  // excluded ones
	// anywhere leaves the interface out.
	anywhere bool
}

// The addresses of the servers, beside those of every network here.
var (
	linkLocals = [2]string{"fe80::100", "fe80::200"}
	globals    = [2]string{"fd00::100", "fd00::200"}
	fours      = [2]string{"192.168.4.100", "192.168.4.200"}
)

// peers are the lines of unicast between the servers.
func peers(addresses [2]string, more string) (extra [2]string) {
	for i := range extra {
		extra[i] = fmt.Sprintf("unicast_src_ip %s\nunicast_peer {\n%s\n}\n%s", addresses[i], addresses[1-i], more)
	}
	return extra
}

var (
	fast       = dialect{"v3", 3, 100 * time.Millisecond, "version 3\nadvert_int 0.1\n"}
	sixVIPs    = []string{"fe80::80/64", "fd00::80/128 preferred_lft forever"}
	fourVIPs   = []string{vip.String()}
	sixOthers  = []string{"192.168.4.81/32", "fd00::81/64"}
	fourOthers = []string{"fd00::82/128", "192.168.4.82/24"}
)

// authenticated is version 2 with an authentication header.
var authenticated = dialect{"v2 AH", 2, time.Second, "version 2\nadvert_int 1\nauthentication {\nauth_type AH\nauth_pass s3cret\n}\n"}

var styles = []style{
	{"IPv6", fast, [2]string{}, sixVIPs, sixOthers, false},
	{"unicast v2", dialects[0], peers(fours, ""), fourVIPs, fourOthers, false},
	{"unicast v3", fast, peers(fours, "check_unicast_src\n"), fourVIPs, nil, false},
	{"unicast IPv6", fast, peers(globals, "unicast_ttl 64\n"), sixVIPs, nil, false},
	{"unicast IPv6, link-local", fast, peers(linkLocals, ""), sixVIPs, nil, false},
	{"AH", authenticated, [2]string{}, fourVIPs, nil, false},
	{"unicast AH", authenticated, peers(fours, ""), fourVIPs, nil, false},
}

func (s style) config(side int, state string, priority int) string {
	extra := s.extra[side]
	if len(s.others) > 0 {
		extra += "virtual_ipaddress_excluded {\n" + strings.Join(s.others, "\n") + "\n}\n"
	}
	text := s.dialect.instance("VI_1", vrid, state, priority, strings.Join(s.vips, "\n"), extra)
	if s.anywhere {
		text = strings.Replace(text, "interface eth0\n", "", 1)
	}
	return text
}

// addresses are all that the Master has.
func (s style) addresses() (list []netip.Addr) {
	for _, v := range slices.Concat(s.vips, s.others) {
		text, _, _ := strings.Cut(v, " ")
		text, _, _ = strings.Cut(text, "/")
		list = append(list, netip.MustParseAddr(text))
	}
	return list
}

// newDualNetwork is a network whose hosts have known addresses of IPv6 and no others.
func newDualNetwork(t *testing.T, d dialect) *network {
	t.Helper()
	n := newNetwork(t, d)
	for i, host := range []*lab.Host{n.client, n.web[0], n.web[1]} {
		ctx := n.context(time.Second)
		n.must(host.Sysctl(ctx, "net/ipv6/conf/eth0/addr_gen_mode", "1"))
		n.must(host.IP(ctx, "-6 addr flush dev eth0"))
		for _, a := range [3][2]string{{"fe80::5/64", "fd00::5/64"}, {"fe80::100/64", "fd00::100/64"}, {"fe80::200/64", "fd00::200/64"}}[i] {
			n.must(host.AddAddress(netip.MustParsePrefix(a)))
		}
	}
	return n
}

// holdsAll waits until one server has every address and the other none.
func (n *network) holdsAll(s style, want *lab.Host, span time.Duration) {
	n.t.Helper()
	n.must(lab.Until(n.context(span), "the addresses on "+want.Name+" alone", func() error {
		for _, host := range n.web {
			for _, a := range s.addresses() {
				has, err := host.Holds(a)
				if err != nil {
					return err
				}
				if has != (host == want) {
					return fmt.Errorf("%s has %s: %v", host.Name, a, has)
				}
			}
		}
		return nil
	}))
}

// hasFirst waits until a server has the first address, whatever the other has.
func (n *network) hasFirst(s style, host *lab.Host, span time.Duration) {
	n.t.Helper()
	n.must(lab.Until(n.context(span), "the first address on "+host.Name, func() error {
		if has, err := host.Holds(s.addresses()[0]); err != nil || !has {
			return errors.Join(errors.New("it is not there"), err)
		}
		return nil
	}))
}

// clean checks that a server has no address left but its own.
func (n *network) clean(s style, host *lab.Host) {
	n.t.Helper()
	n.onlyHostAddresses(host)
	for _, a := range s.addresses() {
		if has, err := host.Holds(a); err != nil || has {
			n.t.Errorf("%s has %s: %v, %v", host.Name, a, has, err)
		}
	}
}

// greet makes the client look for the addresses, so that it has entries which announcements can change.
func (n *network) greet(s style) {
	n.t.Helper()
	for _, a := range s.addresses() {
		zone := ""
		if a.IsLinkLocalUnicast() {
			zone = "%eth0"
		}
		conn, err := n.client.Dial(n.context(time.Second), "udp", net.JoinHostPort(a.String()+zone, "9"))
		n.must(err)
		_, _ = conn.Write([]byte("hello")) // nobody listens there
		n.must(conn.Close())
	}
}

// neighbours waits until the client sends to one server what is for the addresses.
func (n *network) neighbours(s style, want *lab.Host, span time.Duration) {
	n.t.Helper()
	mac, err := want.HardwareAddress()
	n.must(err)
	n.must(lab.Until(n.context(span), "the client's neighbour table to follow", func() error {
		for _, a := range s.addresses() {
			got, err := n.client.Neighbour(a)
			if err != nil {
				return err
			}
			if !bytes.Equal(got, mac) {
				return fmt.Errorf("it says %v of %s, %s has %v", got, a, want.Name, mac)
			}
		}
		return nil
	}))
}

// quiet checks that ours has found no fault in what the peer sends.
func (n *network) quiet() {
	n.t.Helper()
	for _, d := range n.daemons {
		if d.Program.Path != ours.Path {
			continue
		}
		for line := range strings.Lines(d.Output()) {
			for _, bad := range []string{"nvalid", "xpected", "too short", "too long", "another form", "not present", "sending adverts", "rror"} {
				if strings.Contains(line, bad) {
					n.t.Errorf("ours says: %s", line)
				}
			}
		}
	}
}

// TestFamilies has the life of two servers in each style, with both programs in both roles.
func TestFamilies(t *testing.T) {
	t.Parallel()
	for role, programs := range roles() {
		for _, s := range styles {
			t.Run(role+" "+s.name, func(t *testing.T) {
				t.Parallel()
				familyLife(newDualNetwork(t, s.dialect), s, programs)
			})
		}
	}
}

func familyLife(n *network, s style, programs [2]lab.Program) {
	d, web1, web2 := s.dialect, n.web[0], n.web[1]
	first := n.start(web1, programs[0], s.config(0, "MASTER", high))
	n.holdsAll(s, web1, d.masterDown(high))
	other := n.startBehind(web2, programs[1], s.config(1, "BACKUP", low))
	n.greet(s)
	n.neighbours(s, web1, d.interval)

	if programs[0].Path == ours.Path {
		n.t.Log("somebody else takes the addresses off the Master")
		for _, a := range s.addresses() {
			n.must(web1.IP(n.context(time.Second), "addr del %s dev eth0", prefixOn(n, web1, a)))
		}
		n.holdsAll(s, web1, 2*time.Second)
	}

	n.t.Log("the Master's cable is cut, and mended")
	mark := n.Frames.Len()
	n.must(web1.Cut())
	n.takeover(mark, web1, web2, lives, d.masterDown(low))
	n.holdsAll(s, web2, d.interval)
	n.neighbours(s, web2, d.interval)
	n.must(web1.Mend())
	n.holdsAll(s, web1, d.masterDown(high))
	n.neighbours(s, web1, d.interval)

	n.t.Log("the switch drops the Master's frames, and forwards them again")
	n.must(web1.Isolate())
	n.hasFirst(s, web2, d.masterDown(low))
	n.must(web1.Rejoin())
	n.holdsAll(s, web1, d.interval)
	n.must(second(n, n.Frames.Len())) // what the other has sent before is behind us

	n.t.Log("the Master is stopped, and started again")
	mark = n.Frames.Len()
	n.stop(first)
	n.clean(s, web1)
	n.takeover(mark, web1, web2, farewell, d.skew(low))
	n.holdsAll(s, web2, d.interval)
	first = n.start(web1, programs[0], s.config(0, "MASTER", high))
	n.holdsAll(s, web1, d.masterDown(high))

	n.t.Log("the Master is killed with all its processes, and started again")
	n.must(first.KillAll(n.context(time.Second)))
	n.hasFirst(s, web2, d.masterDown(low))
	first = n.start(web1, programs[0], s.config(0, "MASTER", high))
	n.holdsAll(s, web1, d.masterDown(high))
	for _, daemon := range []*lab.Daemon{first, other} {
		n.stop(daemon)
	}
	n.clean(s, web1)
	n.clean(s, web2)
	n.quiet()
}

// prefixOn is an address as it is on a server, with the length of its network.
func prefixOn(n *network, host *lab.Host, a netip.Addr) netip.Prefix {
	n.t.Helper()
	four, err := host.List()
	n.must(err)
	six, err := host.List6()
	n.must(err)
	for _, p := range slices.Concat(four, six) {
		if p.Addr() == a {
			return p
		}
	}
	n.t.Fatalf("%s has no %s", host.Name, a)
	return netip.Prefix{}
}

// TestFamilyTie has equal priorities: the server with the higher address wins, whoever comes first.
func TestFamilyTie(t *testing.T) {
	t.Parallel()
	for role, programs := range roles() {
		for _, s := range styles {
			t.Run(role+" "+s.name, func(t *testing.T) {
				t.Parallel()
				n := newDualNetwork(t, s.dialect)
				n.must(n.web[0].Isolate())
				n.start(n.web[0], programs[0], s.config(0, "BACKUP", high))
				n.start(n.web[1], programs[1], s.config(1, "BACKUP", high))
				for _, host := range n.web {
					n.hasFirst(s, host, s.dialect.masterDown(high))
				}
				n.must(n.web[0].Rejoin())
				n.holdsAll(s, n.web[1], s.dialect.interval)
			})
		}
	}
}

// TestFamilyFramesEqual starts both programs with the same configuration on equal hosts and compares every kind of
// frame that they send.
func TestFamilyFramesEqual(t *testing.T) {
	t.Parallel()
	more := slices.Concat(styles, []style{
		{"unicast IPv6 without unicast_ttl", fast, peers(globals, ""), sixVIPs, nil, false},
		{"unicast v2 with unicast_ttl", dialects[0], peers(fours, "unicast_ttl 9\n"), fourVIPs, nil, false},
		{"unicast v3 with the old checksum", fast, peers(fours, "old_unicast_checksum\n"), fourVIPs, nil, false},
		{"IPv6 with another source and group", fast, [2]string{"mcast_src_ip fe80::100\nmcast_dst_ip ff02::99\n"}, sixVIPs, nil, false},
		{"unicast to two peers", fast, [2]string{"unicast_peer {\n192.168.4.200\n192.168.4.5\n}\n"}, fourVIPs, nil, false},
		{"unicast without interface", fast, peers(fours, ""), fourVIPs, nil, true},
		{"unicast IPv6 without interface", fast, peers(globals, ""), sixVIPs[1:], nil, true},
	})
	for _, s := range more {
		if s.anywhere && checksItself() {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			got := familyFrames(t, s, ours)
			s.anywhere = false // Debian's version needs an interface
			want := familyFrames(t, s, peer)
			if least := 2 + len(s.addresses()); len(want) < least {
				t.Errorf("only %d kinds of frames from %s, want %d: %q", len(want), peer.Name, least, want)
			}
			if !slices.Equal(got, want) {
				t.Errorf("frames differ\n%s:\n%s\n%s:\n%s", ours.Name, strings.Join(got, "\n"), peer.Name, strings.Join(want, "\n"))
			}
		})
	}
}

// familyFrames lets one program become Master at once and leave, and returns the different frames that it sent.
func familyFrames(t *testing.T, s style, p lab.Program) []string {
	t.Helper()
	n := newDualNetwork(t, s.dialect)
	daemon := n.start(n.web[0], p, s.config(0, "MASTER", 255))
	n.advert(0, n.web[0], s.dialect.interval, "an advert", lives)
	n.hasFirst(s, n.web[0], s.dialect.interval)
	n.must(second(n, n.Frames.Len())) // those of the next slot, after all announcements of the first moment
	mark := n.Frames.Len()
	n.stop(daemon)
	n.advert(mark, n.web[0], s.dialect.interval, "a farewell", farewell)
	var kinds []string
	for _, f := range n.Frames.Since(0) {
		if kind := normal6(t, f); f.From == "web1" && kind != "" && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds) // those to several peers, and those of several addresses, come in any order
	return kinds
}

// normal6 is normal for frames of both families. Of neighbour advertisements those that answer a question are left out.
func normal6(t *testing.T, f lab.Frame) string {
	data := slices.Clone(f.Data)
	if a, ok := f.Neighbour(); ok {
		if a.Solicited {
			return ""
		}
		if !bytes.Equal(a.MAC, data[6:12]) || !icmpSound(data[14:]) {
			return "malformed " + hex.EncodeToString(data)
		}
		copy(data[6:], "source")
		copy(data[14+40+2:], "ck")
		copy(data[14+40+26:], "source")
		return fmt.Sprintf("NA %v %s", a.Target, hex.EncodeToString(data))
	}
	if a, ok := f.Advert(); ok {
		copy(data, "to    ") // the next hop of unicast has an address of its own in each network
		copy(data[6:], "source")
		if a.Source.Is6() {
			copy(data[14+1:], []byte{data[14+1] & 0xf0, 0, 0}) // the flow label, which the kernel may choose
		} else {
			if !headerSound(a.IP) {
				t.Errorf("wrong header %x", a.IP)
			}
			copy(data[14+4:], "id")
			copy(data[14+10:], "ck")
		}
		return fmt.Sprintf("advert %d to %v %s", a.Priority, a.Destination, hex.EncodeToString(data))
	}
	return normal(f)
}

// icmpSound verifies the checksum of an ICMPv6 packet (RFC 4443, section 2.3).
func icmpSound(ip []byte) bool {
	message := ip[40:]
	sum := uint32(58 + len(message))
	for _, part := range [][]byte{ip[8:40], message} {
		for i := 0; i+1 < len(part); i += 2 {
			sum += uint32(binary.BigEndian.Uint16(part[i:]))
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return sum == 0xffff
}

// TestFamilyLateAddress has an interface that gets its link-local address after the start, through duplicate address
// detection.
func TestFamilyLateAddress(t *testing.T) {
	t.Parallel()
	s := styles[0]
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newDualNetwork(t, s.dialect)
			web1 := n.web[0]
			ctx := n.context(time.Second)
			n.must(web1.RemoveAddress(netip.MustParsePrefix("fe80::100/64")))
			n.start(web1, p, s.config(0, "MASTER", high))
			n.must(web1.IP(ctx, "addr add fe80::101/64 dev eth0"))
			f := n.advert(0, web1, s.dialect.masterDown(high)+2*time.Second, "an advert", lives)
			if a, _ := f.Advert(); a.Source != netip.MustParseAddr("fe80::101") {
				t.Errorf("sent from %v", a.Source)
			}
			n.holdsAll(s, web1, s.dialect.interval)
		})
	}
}

// TestFamilyLinkDown has an operator set the interface of our Backup down and up again, which takes its addresses of
// IPv6 away and its group with them: it hears the Master again, and takes over when that leaves.
func TestFamilyLinkDown(t *testing.T) {
	t.Parallel()
	for _, s := range []style{styles[0], styles[2], styles[3]} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			n := newDualNetwork(t, s.dialect)
			web1, web2 := n.web[0], n.web[1]
			first := n.start(web1, peer, s.config(0, "MASTER", high))
			n.holdsAll(s, web1, s.dialect.masterDown(high))
			mine := n.start(web2, ours, s.config(1, "BACKUP", low))
			n.says(mine, "(VI_1) Entering BACKUP STATE", s.dialect.masterDown(low))
			n.must(web2.LinkDown())
			n.says(mine, "(VI_1) Entering FAULT STATE", time.Second)
			n.must(web2.LinkUp())
			for _, a := range []string{"fe80::200/64", "fd00::200/64"} {
				n.must(web2.AddAddress(netip.MustParsePrefix(a)))
			}
			n.must(lab.Until(n.context(time.Second), "the Backup to be back", func() error {
				if got := strings.Count(mine.Output(), "(VI_1) Entering BACKUP STATE"); got != 2 {
					return fmt.Errorf("it entered BACKUP %d times", got)
				}
				return nil
			}))
			mark := n.Frames.Len()
			for range 3 {
				n.must(second(n, n.Frames.Len()))
			}
			if taken := n.adverts(mark, web2, vrid); len(taken) > 0 {
				t.Errorf("the Backup does not hear the Master: %d adverts", len(taken))
			}
			n.stop(first)
			n.holdsAll(s, web2, s.dialect.skew(low))
			n.stop(mine)
			n.clean(s, web2)
			n.quiet()
		})
	}
}

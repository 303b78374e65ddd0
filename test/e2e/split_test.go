package e2e

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// slow has a second between adverts, so that there is time for something between them.
var slow = dialect{"v3", 3, time.Second, "version 3\nadvert_int 1\n"}

// splitStyles are the ways to speak VRRP after a split. (With AH a rival that has sent less cannot be told from a replay.)
var splitStyles = []style{
	{"v2", unauthenticated, [2]string{}, fourVIPs, nil, false},
	{"v3", slow, [2]string{}, fourVIPs, nil, false},
	{"IPv6", slow, [2]string{}, sixVIPs, nil, false},
	{"VMAC", slow, both("use_vmac\n"), fourVIPs, nil, false},
}

// TestSplitEnds parts two servers until both are Master and the client believes the wrong one, and joins them again
// right after an advert of the better one: it hears the other, announces its addresses within an advert interval, and
// the client believes it. The conflict is counted and said.
func TestSplitEnds(t *testing.T) {
	t.Parallel()
	for _, loser := range []lab.Program{ours, peer} {
		for _, s := range splitStyles {
			t.Run(s.name+" "+loser.Name, func(t *testing.T) {
				t.Parallel()
				splitEnds(newDualNetwork(t, s.dialect), s, loser, 0)
			})
		}
	}
}

// TestSplitEndsUnheard joins them right after an advert of the other one, which gives in without a word as upstream
// does, unless vrrp_higher_prio_send_advert has it say that it was there.
func TestSplitEndsUnheard(t *testing.T) {
	t.Parallel()
	for _, loser := range []lab.Program{ours, peer} {
		t.Run(loser.Name, func(t *testing.T) {
			t.Parallel()
			s := style{"v3", slow, both("higher_prio_send_advert\n"), fourVIPs, nil, false}
			splitEnds(newDualNetwork(t, s.dialect), s, loser, 1)
		})
	}
}

// splitEnds joins the servers after an advert of one of them.
func splitEnds(n *network, s style, loser lab.Program, after int) {
	t, d, web1, web2 := n.t, s.dialect, n.web[0], n.web[1]
	winner := n.start(web1, ours, s.config(0, "MASTER", high))
	n.holdsAll(s, web1, d.masterDown(high))
	n.startBehind(web2, loser, s.config(1, "BACKUP", low))
	n.greet(s)
	// The Backup has heard the Master now: it will be later than the Master by most of an interval.
	n.must(second(n, n.Frames.Len()))
	n.must(web1.Isolate())
	n.hasFirst(s, web2, d.masterDown(low))
	if s.name != "VMAC" { // with one the client knows the same MAC address
		n.neighbours(s, web2, d.interval)
	}

	// In the middle between an advert of one and the next one of the other.
	n.must(func() error {
		var last [2]time.Time
		_, err := n.Frames.Wait(n.context(6*d.interval), n.Frames.Len(), "an advert that the other's follows later", func(f lab.Frame) bool {
			if a, ok := f.Advert(); !ok || !lives(a) {
				return false
			}
			from := 0
			if f.From == web2.Name {
				from = 1
			}
			last[from] = f.Time
			other := last[1-from]
			return from == after && !other.IsZero() && other.Add(d.interval).Sub(f.Time) > d.interval/20
		})
		return err
	}())
	mark, lines := n.Frames.Len(), winner.Lines.Len()
	joined := time.Now()
	n.must(web1.Rejoin())
	f, err := n.Frames.Wait(n.context(d.interval), mark, "an announcement from "+web1.Name, func(f lab.Frame) bool {
		if a, ok := f.ARP(); ok {
			return f.From == web1.Name && a.Gratuitous()
		}
		_, ok := f.Neighbour()
		return ok && f.From == web1.Name
	})
	n.must(err)
	took := f.Time.Sub(joined)
	t.Logf("announced %.0f ms after the end of the split", ms(took))
	if took > d.interval+d.interval/2 {
		t.Errorf("it took %v", took)
	}
	if s.name != "VMAC" {
		n.neighbours(s, web1, d.interval)
	}
	n.holdsAll(s, web1, d.interval)
	_, err = winner.WaitLine(n.context(d.interval), lines, fmt.Sprintf("lower priority %d, ours %d, forcing new election", low, high))
	n.must(err)
	if checksItself() {
		return
	}
	data := n.dump(web1, signalTo(winner), unix.SIGUSR1, "keepalived.data")
	m := regexp.MustCompile(`(?m)^   Conflicts with other masters = (\d+)$`).FindStringSubmatch(data)
	if m == nil {
		t.Fatal("the conflict is not counted")
	}
	said := 0
	for _, l := range winner.Lines.Since(lines) {
		if strings.Contains(l.Text, "forcing new election") {
			said++
		}
	}
	if count, err := strconv.Atoi(m[1]); err != nil || count != said || said != 1 {
		t.Errorf("%s conflicts, said %d times", m[1], said)
	}
}

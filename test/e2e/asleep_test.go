package e2e

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// asleep is how long a process is stopped: fifty intervals.
const asleep = 5 * time.Second

// pairAsleep has a Master and a Backup, which does not preempt, and stops the VRRP process of one of them for long. It
// returns the mark from which on it runs again.
func pairAsleep(t *testing.T, programs [2]lab.Program, backupPriority, who int) (n *network, mark int) {
	t.Helper()
	n = newNetwork(t, dialects[1])
	daemons := []*lab.Daemon{n.start(n.web[0], programs[0], n.dialect.config("BACKUP", high))}
	n.holder(n.web[0], n.dialect.masterDown(high))
	config := n.dialect.instance("VI_1", vrid, "BACKUP", backupPriority, vip.String(), "nopreempt\n")
	daemons = append(daemons, n.start(n.web[1], programs[1], config))
	_, err := daemons[1].WaitLine(n.context(time.Second), 0, "Entering BACKUP STATE")
	n.must(err)
	n.follows(n.Frames.Len(), 0, 5)
	child, err := daemons[who].VRRPChild(n.context(time.Second), 0)
	n.must(err)
	n.must(unix.Kill(child, unix.SIGSTOP))
	n.must(lab.Pass(t.Context(), asleep))
	mark = n.Frames.Len()
	n.must(unix.Kill(child, unix.SIGCONT))
	return n, mark
}

// follows waits for some adverts of a server from a mark on.
func (n *network) follows(mark, who, count int) {
	n.t.Helper()
	n.advert(mark, n.web[who], time.Duration(count)*n.dialect.interval, fmt.Sprintf("%d adverts", count), func(a lab.Advert) bool {
		if lives(a) {
			count--
		}
		return count == 0
	})
}

// TestBackupAsleep stops the VRRP process of a Backup for long, while adverts come: it does not become Master for a
// moment.
func TestBackupAsleep(t *testing.T) {
	t.Parallel()
	for _, master := range []lab.Program{ours, peer} {
		t.Run("below "+master.Name, func(t *testing.T) {
			t.Parallel()
			n, mark := pairAsleep(t, [2]lab.Program{master, ours}, low, 1)
			n.follows(mark, 0, 10)
			n.holder(n.web[0], n.dialect.masterDown(low))
			sent := n.adverts(0, n.web[1], vrid)
			if len(sent) == 0 || checksItself() {
				return
			}
			// Where the machine is so busy that the Master itself was silent for long, there is nothing to be said against it.
			var last time.Time
			for _, f := range n.adverts(0, n.web[0], vrid) {
				if f.Time.Before(sent[0].Time) {
					last = f.Time
				}
			}
			if silence := sent[0].Time.Sub(last); silence < n.dialect.masterDown(low)-n.dialect.interval/2 {
				t.Errorf("the Backup sent %d adverts, the first one %v after one of the Master", len(sent), silence)
			}
		})
	}
}

// TestMasterAsleep stops the VRRP process of a Master until a peer has long taken over. It reads what has come before
// it speaks, sends no more than one advert for each slot from then on, and one Master remains.
func TestMasterAsleep(t *testing.T) {
	t.Parallel()
	for _, backup := range []lab.Program{ours, peer} {
		for _, row := range []struct {
			name     string
			priority int // of the Backup
			winner   int
		}{{"outranks", low, 0}, {"yields to", high + 1, 1}} {
			t.Run(row.name+" "+backup.Name, func(t *testing.T) {
				t.Parallel()
				n, mark := pairAsleep(t, [2]lab.Program{ours, backup}, row.priority, 0)
				n.follows(mark, row.winner, 12)
				n.holder(n.web[row.winner], n.dialect.masterDown(row.priority))
				if checksItself() {
					return
				}
				n.oncePerSlot(mark, n.web[0])
				n.oneMaster(mark, row.winner)
				if sent := n.adverts(mark, n.web[0], vrid); row.winner != 0 && len(sent) > 1 {
					t.Errorf("it sent %d adverts before it had read those of a better one", len(sent))
				}
			})
		}
	}
}

// oncePerSlot checks that a server has sent no more adverts since a mark than there were slots. Its schedule may have
// begun again twice: an advert of a rival is answered at once.
func (n *network) oncePerSlot(mark int, host *lab.Host) {
	n.t.Helper()
	sent := n.adverts(mark, host, vrid)
	if len(sent) == 0 {
		return
	}
	slots := int(sent[len(sent)-1].Time.Sub(sent[0].Time)/n.dialect.interval) + 1
	if len(sent) > slots+2 {
		n.t.Errorf("%d adverts of %s in %d slots", len(sent), host.Name, slots)
	}
}

// oneMaster checks that the other server falls silent once the winner has spoken. It may have been about to send, and
// be woken for its own slot and an advert at once.
func (n *network) oneMaster(mark, winner int) {
	n.t.Helper()
	first := n.adverts(mark, n.web[winner], vrid)[0]
	count := 0
	for _, f := range n.adverts(mark, n.web[1-winner], vrid) {
		if f.Time.After(first.Time) {
			count++
		}
	}
	if count > 2 {
		n.t.Errorf("%s sent %d adverts after the first one of %s", n.web[1-winner].Name, count, n.web[winner].Name)
	}
}

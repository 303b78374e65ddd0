package lvs

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The table of the tutorial's configuration, as ipvsadm saves it.
const (
	service = "-A -t 192.168.4.15:80 -s rr"
	server1 = "-a -t 192.168.4.15:80 -r 192.168.4.100:80 -g -w 1"
	server2 = "-a -t 192.168.4.15:80 -r 192.168.4.200:80 -g -w 2"
)

// checkTime is how long the tutorial's check may take to notice: its delay
// and two tries.
const checkTime = 6*time.Second + 3*time.Second

var bothPages = map[string]int{"192.168.4.100": 2, "192.168.4.200": 2}

// TestTutorial plays the tutorial's third case with its own configurations.
func TestTutorial(t *testing.T) {
	s := newSite(t)
	for _, web := range s.web {
		s.must(web.CarryQuietly(s.context(time.Second), vip))
	}
	first := s.start(s.proxy[0], ours, s.tutorial("proxy1"))
	second := s.start(s.proxy[1], ours, s.tutorial("proxy2"))
	s.awaitMaster(s.proxy[0], s.proxy[1], 4*time.Second)
	for _, proxy := range s.proxy {
		s.awaitTable(proxy, checkTime, service, server1, server2)
	}
	s.awaitPages(time.Second, bothPages)

	t.Log("the web server of web1 ends")
	s.must(s.web[0].Web.Signal(unix.SIGTERM))
	for _, proxy := range s.proxy {
		s.awaitTable(proxy, checkTime, service, server2)
	}
	s.awaitPages(time.Second, map[string]int{"192.168.4.200": 4})

	t.Log("it is started again")
	s.must(s.web[0].Serve(s.context(time.Second), sourceRoot, s.web[0].Address.Addr().String()))
	for _, proxy := range s.proxy {
		s.awaitTable(proxy, checkTime, service, server1, server2)
	}
	s.awaitPages(time.Second, bothPages)

	t.Log("the cable of proxy1 is cut")
	s.must(s.proxy[0].Cut())
	s.awaitMaster(s.proxy[1], s.proxy[0], 4*time.Second)
	s.awaitPages(time.Second, bothPages)
	s.must(s.proxy[0].Mend())
	s.awaitMaster(s.proxy[0], s.proxy[1], 4*time.Second)
	for _, proxy := range s.proxy {
		s.awaitTable(proxy, 2*checkTime, service, server1, server2)
	}
	s.awaitPages(time.Second, bothPages)

	t.Log("both are stopped")
	for _, d := range []interface {
		Signal(unix.Signal) error
	}{first, second} {
		s.must(d.Signal(unix.SIGTERM))
	}
	for _, proxy := range s.proxy {
		s.awaitTable(proxy, 5*time.Second)
	}
	for _, d := range s.daemons {
		if status, _, err := d.Wait(s.context(5 * time.Second)); err != nil || status != 0 {
			t.Errorf("status %d, %v", status, err)
		}
	}
}

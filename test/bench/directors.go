package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// directorPatience bounds one run of a director: the machine is made of software.
const directorPatience = 3 * time.Minute

// directors measures what needs ip_vs: checks, start and reload of directors.
func (b *bench) directors(ctx context.Context) error {
	err := b.checking(ctx)
	for _, size := range [][2]int{{100, 10}, {1000, 10}} {
		err = errors.Join(err, b.loading(ctx, size[0], size[1]))
	}
	return err
}

// site is a director and a host that has every real server's address.
type site struct {
	*network
	listener net.Listener
	file     *os.File // the listener again, for accept

	mu    sync.Mutex
	times map[netip.Addr][]time.Time // when each real server was connected to
}

// serversNet has the addresses of all real servers.
const serversNet = "10.128.0.0/9"

func newSite(ctx context.Context) (*site, error) {
	n, err := newNetwork()
	if err != nil {
		return nil, err
	}
	s := &site{network: n, times: map[netip.Addr][]time.Time{}}
	err = errors.Join(
		n.b.IP(ctx, "route add local %s dev lo", serversNet),
		n.a.IP(ctx, "route add %s via %v", serversNet, n.b.Address.Addr()),
	)
	if err == nil {
		s.listener, err = n.b.Listen("tcp4", ":80")
	}
	if err != nil {
		n.Close()
		return nil, err
	}
	if s.file, err = s.listener.(*net.TCPListener).File(); err != nil {
		_ = s.listener.Close()
		n.Close()
		return nil, err
	}
	go s.accept(int(s.file.Fd())) // which makes it wait for connections
	return s, nil
}

// accept is every real server: it takes connections and notes when. It makes as few system calls as can be, because
// it runs on the processors of what is measured.
func (s *site) accept(listener int) {
	for {
		fd, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.ECONNABORTED) {
			continue
		}
		if err != nil {
			return // closed
		}
		at := time.Now()
		if local, err := unix.Getsockname(fd); err == nil {
			if to, ok := local.(*unix.SockaddrInet4); ok {
				address := netip.AddrFrom4(to.Addr)
				s.mu.Lock()
				s.times[address] = append(s.times[address], at)
				s.mu.Unlock()
			}
		}
		_ = unix.Close(fd) // the check has what it wants
	}
}

func (s *site) close() {
	_ = unix.Shutdown(int(s.file.Fd()), unix.SHUT_RDWR) // wakes accept
	_, _ = s.file.Close(), s.listener.Close()
	s.Close()
}

// forget starts the account of connections anew.
func (s *site) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.times)
}

// lateness is how much later than the interval says checks began, in
// milliseconds: the value that 99 of 100 do not exceed.
func (s *site) lateness(interval time.Duration) (p99 float64, checks int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var late []float64
	for _, times := range s.times {
		for i := 1; i < len(times); i++ {
			late = append(late, milliseconds(max(times[i].Sub(times[i-1])-interval, 0)))
		}
	}
	if len(late) == 0 {
		return 0, 0
	}
	slices.Sort(late)
	return late[len(late)*99/100], len(late)
}

// checkSpan is how long checks are measured.
const checkSpan = 20 * time.Second

// checking measures 1,000 real servers that are checked each second.
func (b *bench) checking(ctx context.Context) error {
	const virtual, real = 10, 100
	var rate, cpu, pss, late [2][]float64
	for i, program := range b.programs {
		err := func() error {
			ctx, cancel := context.WithTimeout(ctx, directorPatience)
			defer cancel()
			s, err := newSite(ctx)
			if err != nil {
				return err
			}
			defer s.close()
			d, err := s.a.Keepalived(program, virtualServers(virtual, real, 1))
			if err != nil {
				return err
			}
			if err := s.awaitSize(ctx, virtual*real, virtual*real); err != nil {
				return fmt.Errorf("%s: %w\n%s", program.Name, err, tail(d))
			}
			if err := lab.Pass(ctx, 5*time.Second); err != nil {
				return err
			}
			s.forget()
			before, err := d.CPU()
			if err != nil {
				return err
			}
			if err := lab.Pass(ctx, checkSpan); err != nil {
				return err
			}
			after, err := d.CPU()
			if err != nil {
				return err
			}
			p99, checks := s.lateness(time.Second)
			if checks == 0 {
				return fmt.Errorf("%s: no checks\n%s", program.Name, tail(d))
			}
			memory, err := d.Memory()
			rate[i] = append(rate[i], float64(checks)/checkSpan.Seconds())
			cpu[i] = append(cpu[i], milliseconds(after-before)/float64(checks)*1000)
			pss[i] = append(pss[i], float64(memory.PSS)/(1<<20))
			late[i] = append(late[i], p99)
			return err
		}()
		if err != nil {
			return err
		}
	}
	b.add("checks a second of 1000 that are due", "count", rate)
	b.add("CPU of 1000 checks", "ms", cpu)
	b.add("memory PSS, 1000 servers checked", "MiB", pss)
	b.add("99 of 100 checks begin later by at most", "ms", late)
	return nil
}

// tail is the end of what a daemon has said.
func tail(d *lab.Daemon) string {
	output := d.Output()
	const most = 2000
	return output[max(0, len(output)-most):]
}

// awaitSize waits until the director has so many servers of so much weight.
func (s *site) awaitSize(ctx context.Context, servers, weights int) error {
	return lab.Until(ctx, "the table of virtual servers", func() error {
		_, n, w, err := s.a.TableSize()
		if err == nil && (n != servers || w != weights) {
			err = fmt.Errorf("%d servers of weight %d instead of %d of %d", n, w, servers, weights)
		}
		return err
	})
}

// quiet is how long a director may go on writing after a reload.
const quiet = 3 * time.Second

// loading measures start and reload of a director.
func (b *bench) loading(ctx context.Context, virtual, real int) error {
	var start, reload, writes, idle [2][]float64
	config := virtualServers(virtual, real, 60)
	heavier := strings.Replace(config, "weight 1", "weight 2", 1)
	for i, program := range b.programs {
		err := func() error {
			ctx, cancel := context.WithTimeout(ctx, directorPatience)
			defer cancel()
			s, err := newSite(ctx)
			if err != nil {
				return err
			}
			defer s.close()
			counter, err := s.a.CountTableWrites()
			if err != nil {
				return err
			}
			defer func() { _ = counter.Close() }()
			d, err := s.a.Keepalived(program, config)
			if err != nil {
				return err
			}
			all := virtual * real
			if err := s.awaitSize(ctx, all, all); err != nil {
				return fmt.Errorf("%s: %w\n%s", program.Name, err, tail(d))
			}
			start[i] = append(start[i], milliseconds(time.Since(d.Started)))
			if err := lab.Pass(ctx, quiet); err != nil {
				return err
			}
			before, asked := counter.Count.Load(), time.Now()
			if err := d.Reconfigure(heavier); err != nil {
				return err
			}
			if err := s.awaitSize(ctx, all, all+1); err != nil {
				return fmt.Errorf("%s, reload: %w\n%s", program.Name, err, tail(d))
			}
			reload[i] = append(reload[i], milliseconds(time.Since(asked)))
			if err := lab.Pass(ctx, quiet); err != nil {
				return err
			}
			same := counter.Count.Load()
			writes[i] = append(writes[i], float64(same-before))
			if err := d.Signal(syscall.SIGHUP); err != nil {
				return err
			}
			if err := lab.Pass(ctx, quiet+time.Second); err != nil {
				return err
			}
			idle[i] = append(idle[i], float64(counter.Count.Load()-same))
			return nil
		}()
		if err != nil {
			return err
		}
	}
	size := fmt.Sprintf("%d x %d servers", virtual, real)
	b.add("start to full table, "+size, "ms", start)
	b.add("reload of one weight, "+size, "ms", reload)
	b.add("writes of that reload", "count", writes)
	b.add("writes of a reload that changes nothing", "count", idle)
	return nil
}

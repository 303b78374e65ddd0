package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// TableWrites counts the messages that change the IPVS table of a host.
type TableWrites struct {
	// Count is the number of changes that were asked for so far.
	Count atomic.Int64

	family uint16
	file   *os.File
}

// CountTableWrites listens to what the host's programs say to the kernel.
func (h *Host) CountTableWrites() (*TableWrites, error) {
	family, err := netlink.GenlFamilyGet("IPVS")
	if err != nil {
		return nil, fmt.Errorf("finding IPVS: %w", err)
	}
	w := &TableWrites{family: family.ID}
	monitor := &netlink.GenericLink{LinkAttrs: netlink.LinkAttrs{Name: "nlmon0"}, LinkType: "nlmon"}
	if err := h.handle.LinkAdd(monitor); err != nil {
		return nil, fmt.Errorf("adding nlmon: %w", err)
	}
	link, err := h.handle.LinkByName("nlmon0")
	if err == nil {
		err = h.handle.LinkSetUp(link)
	}
	if err != nil {
		return nil, err
	}
	err = h.insideNet(func() error {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			return err
		}
		w.file = os.NewFile(uintptr(fd), "nlmon0")
		all := binary.NativeEndian.Uint16([]byte{0, unix.ETH_P_ALL})
		return errors.Join(
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20),
			unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: link.Attrs().Index}),
		)
	})
	if err != nil {
		return nil, fmt.Errorf("listening to netlink on %s: %w", h.Name, err)
	}
	go w.listen()
	return w, nil
}

// Close stops counting.
func (w *TableWrites) Close() error { return w.file.Close() }

func (w *TableWrites) listen() {
	raw, err := w.file.SyscallConn()
	if err != nil {
		return
	}
	buffer := make([]byte, 64<<10)
	for {
		var n int
		err := raw.Read(func(fd uintptr) bool {
			var err error
			n, _, err = unix.Recvfrom(int(fd), buffer, unix.MSG_DONTWAIT)
			return !errors.Is(err, unix.EAGAIN)
		})
		if err != nil {
			return // closed
		}
		w.Count.Add(w.changes(buffer[:max(n, 0)]))
	}
}

// writing are the commands of the IPVS family that change services and
// servers (linux/ip_vs.h): new, set and delete, and flush.
var writing = map[byte]bool{1: true, 2: true, 3: true, 5: true, 6: true, 7: true, 17: true}

// changes counts the changes in one or more messages. What the kernel answers
// has the same commands, but is no request.
func (w *TableWrites) changes(b []byte) int64 {
	var count int64
	for len(b) >= unix.SizeofNlMsghdr+1 {
		length := int(binary.NativeEndian.Uint32(b))
		if length < unix.SizeofNlMsghdr {
			break
		}
		request := binary.NativeEndian.Uint16(b[6:])&unix.NLM_F_REQUEST != 0
		if request && binary.NativeEndian.Uint16(b[4:]) == w.family && writing[b[unix.SizeofNlMsghdr]] {
			count++
		}
		b = b[min((length+3)&^3, len(b)):]
	}
	return count
}

// TableSize counts the services and the servers of the host's IPVS table, and
// adds up the servers' weights.
func (h *Host) TableSize() (services, servers, weights int, err error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/ip_vs", h.keeper.Process.Pid))
	if err != nil {
		return 0, 0, 0, err
	}
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) < 2 || fields[1] == "RemoteAddress:Port" || fields[0] == "Prot" || fields[0] == "IP":
		case fields[0] != "->":
			services++
		case len(fields) > 3:
			servers++
			weight, err := strconv.Atoi(fields[3])
			if err != nil {
				return 0, 0, 0, fmt.Errorf("reading the table of %s: %q: %w", h.Name, line, err)
			}
			weights += weight
		}
	}
	return services, servers, weights, nil
}

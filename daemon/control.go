package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The control socket is how a command of ours asks the running daemon for something and hears what came of it. A
// signal cannot answer. The daemon and the command find each other by the path of the pid file.

// controlPath is the socket that belongs to a pid file: /run/keepalived.sock to /run/keepalived.pid.
func controlPath(pidFile string) string { return strings.TrimSuffix(pidFile, ".pid") + ".sock" }

// controlRequest is what a command asks for, one JSON value in one packet.
type controlRequest struct {
	Command string
}

const commandReload = "reload"

// controlReply is one packet of the answer.
type controlReply struct {
	Text   string        `json:",omitempty"` // a diagnostic
	Wait   time.Duration `json:",omitempty"` // the daemon allows itself so much more
	Done   bool          `json:",omitempty"` // nothing follows
	Failed string        `json:",omitempty"` // with Done: why it was not done
}

// control serves the control socket.
type control struct {
	listener *net.UnixListener
	reload   func(*asker) // asks the parent's loop; returns at once or when the loop has taken it
	complain func(error)
}

// requestPatience bounds how long a command may take to say what it wants, and to take one packet of the answer.
const requestPatience = 10 * time.Second

// openControl listens beside a pid file that is locked: an old socket is nobody's then. Only its owner can connect.
func openControl(pid *pidFile, reload func(*asker), complain func(error)) (*control, error) {
	path := controlPath(pid.path)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("removing the control socket that another daemon has left: %w", err)
	}
	former := unix.Umask(0o177) // no other thread creates files at the start
	listener, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: path, Net: "unixpacket"})
	unix.Umask(former)
	if err != nil {
		return nil, fmt.Errorf("opening the control socket: %w", err)
	}
	c := &control{listener: listener, reload: reload, complain: complain}
	go c.run()
	return c, nil
}

// close removes the socket. The pid file must still be locked.
func (c *control) close() {
	if c != nil {
		_ = c.listener.Close()
	}
}

// run takes connections until the listener is closed.
func (c *control) run() {
	for {
		conn, err := c.listener.AcceptUnix()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // no descriptors are left, say
			c.complain(fmt.Errorf("accepting on the control socket: %w", err))
			time.Sleep(time.Second)
		default:
			go c.serve(conn)
		}
	}
}

// serve answers one command.
func (c *control) serve(conn *net.UnixConn) {
	defer func() { _ = conn.Close() }()
	if err := trusted(conn, os.Geteuid()); err != nil {
		c.complain(err)
		_ = sendReply(conn, controlReply{Done: true, Failed: "not allowed"}) // it is not heard, whatever becomes of the answer
		return
	}
	request, err := receiveRequest(conn)
	if err == nil && request.Command != commandReload {
		err = fmt.Errorf("this daemon does not know the command %q", request.Command)
	}
	if err != nil {
		_ = sendReply(conn, controlReply{Done: true, Failed: err.Error()}) // who asks nothing that we know need not hear it
		return
	}
	a := newAsker()
	c.reload(a)
	for outcome := range a.news {
		for _, reply := range outcome {
			if sendReply(conn, reply) != nil {
				return // whoever asked has gone; the reload goes its way
			}
		}
	}
}

// trusted says why a process is not heard: it is neither root's nor of the daemon's own user.
func trusted(conn *net.UnixConn, own int) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var peer *unix.Ucred
	controlErr := raw.Control(func(fd uintptr) { peer, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err = errors.Join(controlErr, err); err != nil {
		return fmt.Errorf("asking who is at the control socket: %w", err)
	}
	if peer.Uid != 0 && int(peer.Uid) != own {
		return fmt.Errorf("process %d of user %d is not heard at the control socket", peer.Pid, peer.Uid)
	}
	return nil
}

func receiveRequest(conn *net.UnixConn) (controlRequest, error) {
	var r controlRequest
	if err := conn.SetReadDeadline(time.Now().Add(requestPatience)); err != nil {
		return r, err
	}
	buffer := make([]byte, 4096)
	n, err := conn.Read(buffer)
	if err != nil {
		return r, fmt.Errorf("reading the request: %w", err)
	}
	if err := json.Unmarshal(buffer[:n], &r); err != nil {
		return r, fmt.Errorf("reading the request: %w", err)
	}
	return r, nil
}

func sendReply(conn *net.UnixConn, r controlReply) error {
	packet, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := conn.SetWriteDeadline(time.Now().Add(requestPatience)); err != nil {
		return err
	}
	_, err = conn.Write(packet)
	return err
}

// asker is somebody who waits for a reload. The parent's loop tells it twice at most: how long it may take, and what
// came of it.
type asker struct {
	news chan []controlReply
}

func newAsker() *asker { return &asker{news: make(chan []controlReply, 2)} }

// expect says how long the reload may take from now on.
func (a *asker) expect(patience time.Duration) { a.news <- []controlReply{{Wait: patience}} }

// tell ends the waiting; err is nil when the new configuration is in force.
func (a *asker) tell(said []string, err error) {
	replies := make([]controlReply, 0, len(said)+1)
	for _, text := range said {
		replies = append(replies, controlReply{Text: text})
	}
	last := controlReply{Done: true}
	if err != nil {
		last.Failed = err.Error()
	}
	a.news <- append(replies, last)
	close(a.news)
}

// errStopping is the outcome of a reload that was asked for too late.
var errStopping = errors.New("the daemon is stopping")

// openControl has the daemon listen. It serves as well without.
func (p *parent) openControl() {
	ask := func(a *asker) { p.work <- func() { p.askReload(a) } }
	var err error
	if p.control, err = openControl(p.pid, ask, func(err error) { p.log.Warn(err) }); err != nil {
		p.log.Warnf("%v: keepalived --reload will send SIGHUP and cannot tell what came of it", err)
	}
}

// askReload starts a reload for somebody who wants to know the outcome. One that has begun already may have read the
// files before they were changed: then the next one counts.
func (p *parent) askReload(a *asker) {
	if p.stopping {
		a.tell(nil, errStopping)
		return
	}
	p.asking = append(p.asking, a)
	p.startReload()
}

// turnAway answers everybody who waits for a reload that will not be.
func (p *parent) turnAway() {
	for _, a := range p.asking {
		a.tell(nil, errStopping)
	}
	p.asking = nil
	if p.reload != nil {
		p.reload.tell(errStopping)
	}
}

// tell gives everybody who waits for this reload its outcome, once.
func (r *pendingReload) tell(err error) {
	for _, a := range r.askers {
		a.tell(r.said, err)
	}
	r.askers = nil
}

// note keeps what the files gave reason to say.
func (r *pendingReload) note(c configuration) {
	for _, d := range c.diagnostics {
		r.said = append(r.said, d.String())
	}
}

package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"keepalived-go/parser"
)

// message is what parent and child say to each other, one JSON value per packet. Whatever can be large travels as a
// sealed memory file beside it.
type message struct {
	Kind messageKind
	// Generation numbers the configurations: an answer names the one that it is about.
	Generation int     `json:",omitempty"`
	Error      string  `json:",omitempty"`
	Code       int     `json:",omitempty"`
	CoreLimit  *uint64 `json:",omitempty"` // of kindStart, for -m: the limit of core files that scripts have
	Instance   string  `json:",omitempty"` // of kindStart: what tells this daemon from others of the host

	files []*os.File    // passed along, not part of the JSON
	left  chan struct{} // closed when the outbox has sent it, may be nil
}

type messageKind string

const (
	kindStart  messageKind = "start"  // parent: text, legacy of a predecessor, beats, lock of the pid file
	kindCheck  messageKind = "check"  // parent: can this configuration work? (its text)
	kindApply  messageKind = "apply"  // parent: use the configuration that was checked
	kindStop   messageKind = "stop"   // parent: end cleanly
	kindReady  messageKind = "ready"  // child: runs; to the launcher: the pid files are there
	kindAnswer messageKind = "answer" // child: to check and apply
	kindReport messageKind = "report" // child: how the instances are
	kindFormer messageKind = "former" // child: what it is about to change of the host, as it is before
	kindReload messageKind = "reload" // child: somebody sent it SIGHUP
	kindFailed messageKind = "failed" // child: cannot run at all, for the exit code Code
)

// maxPacket bounds one message; the kernel's default socket buffer is larger.
const maxPacket = 128 << 10

func sendMessage(conn *net.UnixConn, m message) error {
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", m.Kind, err)
	}
	var rights []byte
	if len(m.files) > 0 {
		fds := make([]int, 0, len(m.files))
		for _, f := range m.files {
			fds = append(fds, int(f.Fd()))
		}
		rights = unix.UnixRights(fds...)
	}
	if _, _, err := conn.WriteMsgUnix(text, rights, nil); err != nil {
		return fmt.Errorf("sending %s: %w", m.Kind, err)
	}
	return nil
}

// receiveMessage waits for the next message. io.EOF says that the other side is gone.
func receiveMessage(conn *net.UnixConn, buffer []byte) (message, error) {
	rights := make([]byte, unix.CmsgSpace(4*4))
	n, rn, flags, _, err := conn.ReadMsgUnix(buffer, rights)
	if errors.Is(err, syscall.ECONNRESET) {
		// The other side has ended without reading all that we sent. The kernel says so once, before what it sent.
		n, rn, flags, _, err = conn.ReadMsgUnix(buffer, rights)
	}
	switch {
	case err != nil:
		return message{}, err
	case n == 0 && rn == 0:
		return message{}, io.EOF
	case flags&unix.MSG_TRUNC != 0:
		return message{}, fmt.Errorf("a message was longer than %d bytes", len(buffer))
	}
	files, err := receivedFiles(rights[:rn])
	if err != nil {
		return message{}, err
	}
	m := message{files: files}
	if err := json.Unmarshal(buffer[:n], &m); err != nil {
		closeFiles(files)
		return message{}, fmt.Errorf("reading a message: %w", err)
	}
	return m, nil
}

func receivedFiles(rights []byte) ([]*os.File, error) {
	if len(rights) == 0 {
		return nil, nil
	}
	controls, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		return nil, fmt.Errorf("reading passed files: %w", err)
	}
	var files []*os.File
	for i := range controls {
		fds, err := unix.ParseUnixRights(&controls[i])
		if err != nil {
			return nil, fmt.Errorf("reading passed files: %w", err)
		}
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			files = append(files, os.NewFile(uintptr(fd), "memfd"))
		}
	}
	return files, nil
}

// sealedFile puts content into a memory file that nobody can change any more.
func sealedFile(name string, fill func(io.Writer) error) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("making a memory file: %w", err)
	}
	f := os.NewFile(uintptr(fd), name)
	if err := fill(f); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("filling a memory file: %w", err)
	}
	seals := unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("sealing a memory file: %w", err)
	}
	return f, nil
}

func sealedText(t *parser.Text) (*os.File, error) {
	return sealedFile("keepalived.conf", func(w io.Writer) error { _, err := t.WriteTo(w); return err })
}

func sealedJSON(name string, value any) (*os.File, error) {
	return sealedFile(name, func(w io.Writer) error { return json.NewEncoder(w).Encode(value) })
}

// loadText reads a text from a memory file that several processes may share: it must not depend on the file offset.
func loadText(f *os.File) (*parser.Text, error) {
	return parser.LoadText(wholeFile(f))
}

func loadJSON(f *os.File, value any) error {
	return json.NewDecoder(wholeFile(f)).Decode(value)
}

func wholeFile(f *os.File) io.Reader { return io.NewSectionReader(f, 0, 1<<62) }

func closeFiles(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// startFiles is how many files come with the first message.
const startFiles = 4

// startMessage is what a child starts with.
type startMessage struct {
	text   *parser.Text
	legacy *os.File // JSON, what its predecessor has left
	beats  *os.File // memory for vrrp.Beats
	lock   *os.File // of its pid file; held as long as the process lives

	instance  string  // see instanceName
	coreLimit *uint64 // nil without -m
}

// receiveStart waits for the first message of the parent.
func receiveStart(conn *net.UnixConn) (startMessage, error) {
	m, err := receiveMessage(conn, make([]byte, maxPacket))
	if err != nil {
		return startMessage{}, fmt.Errorf("waiting for the configuration: %w", err)
	}
	if m.Kind != kindStart || len(m.files) != startFiles {
		closeFiles(m.files)
		return startMessage{}, fmt.Errorf("the parent sent %q with %d files", m.Kind, len(m.files))
	}
	s := startMessage{legacy: m.files[1], beats: m.files[2], lock: m.files[3], instance: m.Instance, coreLimit: m.CoreLimit}
	if s.text, err = loadText(m.files[0]); err != nil {
		return s, fmt.Errorf("loading the configuration: %w", err)
	}
	return s, m.files[0].Close()
}

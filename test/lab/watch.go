package lab

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// FileWatch hears of every file of a folder that a writer has closed.
type FileWatch struct {
	file   *os.File
	buffer []byte
	closed []string
}

// Watch begins to listen for writers of files in a folder of the host.
func (h *Host) Watch(folder string) (*FileWatch, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("watching %s: %w", folder, err)
	}
	w := &FileWatch{file: os.NewFile(uintptr(fd), "inotify"), buffer: make([]byte, 64<<10)}
	if _, err := unix.InotifyAddWatch(fd, h.Path(folder), unix.IN_CLOSE_WRITE); err != nil {
		w.Close()
		return nil, fmt.Errorf("watching %s: %w", folder, err)
	}
	return w, nil
}

// Written waits until a writer has closed a file of this name that was not
// waited for before.
func (w *FileWatch) Written(ctx context.Context, name string) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := w.file.SetReadDeadline(deadline); err != nil {
			return err
		}
	}
	for {
		if i := slices.Index(w.closed, name); i >= 0 {
			w.closed = slices.Delete(w.closed, i, i+1)
			return nil
		}
		n, err := w.file.Read(w.buffer)
		if err != nil {
			return fmt.Errorf("waiting for the writer of %s (others closed: %q): %w", name, w.closed, err)
		}
		w.add(w.buffer[:n])
	}
}

// add reads what the kernel tells: a head of 16 bytes, then the name.
func (w *FileWatch) add(events []byte) {
	for len(events) >= unix.SizeofInotifyEvent {
		length := int(binary.NativeEndian.Uint32(events[12:]))
		w.closed = append(w.closed, unix.ByteSliceToString(events[16:16+length]))
		events = events[16+length:]
	}
}

// Close ends the watch.
func (w *FileWatch) Close() { w.file.Close() }

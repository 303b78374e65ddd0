package track

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// File is a file with a number in it.
type File struct{ Name, Path string }

// FileStatus is the number that was read. Err says why what was in the file is no number; Status is nothing then.
type FileStatus struct {
	Name   string
	Status int
	Err    error
}

func look(f File) FileStatus {
	status, err := ReadStatus(f.Path)
	return FileStatus{Name: f.Name, Status: status, Err: err}
}

// readMost is how much of a file is looked at, in bytes.
const readMost = 127

// ReadStatus reads the number of a file: 0 when there is no file or no number at its begin. A number that is too large
// is an error.
func ReadStatus(path string) (int, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, nil
	}
	defer func() { _ = unix.Close(fd) }()
	var buffer [readMost]byte
	n, err := unix.Read(fd, buffer[:])
	if err != nil {
		return 0, nil
	}
	text := leadingNumber(string(buffer[:n]))
	if text == "" {
		return 0, nil
	}
	number, err := strconv.ParseInt(text, 0, 64)
	if err != nil || number < math.MinInt32 || number > math.MaxInt32 {
		return 0, fmt.Errorf("invalid number %s read from %s - ignoring", text, path)
	}
	return int(number), nil
}

// leadingNumber is the number that a text begins with, after blanks, in the forms of C: decimal, 0 and octal digits, 0x
// and hexadecimal ones.
func leadingNumber(s string) string {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	sign := ""
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign, s = s[:1], s[1:]
	}
	digits, prefix := "0123456789", ""
	switch {
	case len(s) > 2 && (s[:2] == "0x" || s[:2] == "0X") && strings.ContainsRune("0123456789abcdefABCDEF", rune(s[2])):
		digits, prefix, s = "0123456789abcdefABCDEF", "0x", s[2:]
	case strings.HasPrefix(s, "0"):
		digits = "01234567"
	}
	n := 0
	for n < len(s) && strings.IndexByte(digits, s[n]) >= 0 {
		n++
	}
	if n == 0 {
		return ""
	}
	return sign + prefix + s[:n]
}

// InitFile makes a file with a number, or gives it to one that is there when overwrite says so. What is no regular file
// is left alone.
func InitFile(path string, value int, overwrite bool) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && !overwrite:
		return nil
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("cannot initialise track file %s: it is not a regular file", path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("initialising track file: %w", err)
	}
	if err := os.WriteFile(path, fmt.Appendf(nil, "%d\n", value), 0o644); err != nil {
		return fmt.Errorf("initialising track file: %w", err)
	}
	return nil
}

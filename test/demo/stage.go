package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// stage writes what happens, each line with the time since the beginning.
type stage struct {
	mu    sync.Mutex
	out   *os.File
	began time.Time
	color bool
}

const (
	bold  = "\x1b[1m"
	green = "\x1b[32m"
	gray  = "\x1b[90m"
	red   = "\x1b[31m"
	reset = "\x1b[0m"
)

// newStage uses colour only on a terminal or where CLICOLOR_FORCE is set, and not where NO_COLOR is set.
func newStage(out *os.File) *stage {
	_, err := unix.IoctlGetTermios(int(out.Fd()), unix.TCGETS)
	color := err == nil || os.Getenv("CLICOLOR_FORCE") != ""
	return &stage{out: out, began: time.Now(), color: color && os.Getenv("NO_COLOR") == ""}
}

func (s *stage) write(color, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.color && color != "" {
		text = color + text + reset
	}
	fmt.Fprintln(s.out, text)
}

func (s *stage) stamp(at time.Time) string {
	return fmt.Sprintf("%6.2f s  ", at.Sub(s.began).Seconds())
}

func (s *stage) plain(text string) { s.write("", strings.Trim(text, "\n")) }

func (s *stage) title(text string) { s.write(bold, "\n== "+text) }

func (s *stage) say(format string, args ...any) {
	s.write("", "          "+fmt.Sprintf(format, args...))
}

func (s *stage) event(format string, args ...any) {
	s.write(green, s.stamp(time.Now())+fmt.Sprintf(format, args...))
}

func (s *stage) fail(err error) { s.write(red, "\nThe demonstration failed: "+err.Error()) }

// follow shows what a daemon logs, as far as it contains one of the words.
func (s *stage) follow(host *lab.Host, daemon *lab.Daemon, words ...string) {
	go func() {
		for mark := 0; ; {
			all := daemon.Lines.Since(mark)
			if len(all) == 0 {
				// The record never ends: this goroutine ends with the program.
				_, _ = daemon.Lines.Wait(context.Background(), mark, "a line", func(lab.Line) bool { return true })
				continue
			}
			for _, line := range all {
				if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(line.Text, w) }) {
					s.write(gray, s.stamp(line.Time)+host.Name+" logs: "+withoutTime(line.Text))
				}
			}
			mark += len(all)
		}
	}()
}

// withoutTime takes the time off that a line on a terminal begins with.
func withoutTime(line string) string {
	if _, text, ok := strings.Cut(line, time.Now().Format(" 2006: ")); ok {
		return text
	}
	return line
}

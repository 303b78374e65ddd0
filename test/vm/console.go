package vm

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// console keeps the end of what the kernel and qemu say.
type console struct {
	mu   sync.Mutex
	text []byte
	also io.Writer // nil for nobody
}

// consoleSize holds a panic with its stack and what came before it.
const consoleSize = 64 << 10

func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = append(c.text, bytes.ReplaceAll(p, []byte("\r"), nil)...)
	if extra := len(c.text) - consoleSize; extra > 0 {
		c.text = append(c.text[:0], c.text[extra:]...)
	}
	if c.also != nil {
		_, _ = c.also.Write(p) // whoever looks on cannot stop the machine
	}
	return len(p), nil
}

// forget drops what was said so far.
func (c *console) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = nil
}

// String returns what was said last, for a message.
func (c *console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if text := bytes.TrimSpace(c.text); len(text) > 0 {
		return "the console's last lines:\n" + string(text)
	}
	return "nothing was said on the console"
}

// panicked says whether the kernel gave up.
func (c *console) panicked() bool { return strings.Contains(c.String(), "Kernel panic - not syncing") }

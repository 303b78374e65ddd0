package vm

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// accelerationTime is how long a machine with acceleration may take to boot:
// it takes a second or two, unless the acceleration only seems to be there,
// as in some virtual machines.
const accelerationTime = 15 * time.Second

// accelerated says whether acceleration is worth a try.
func accelerated(root string) bool {
	device, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	device.Close()
	_, err = os.Stat(uselessNote(root))
	return err != nil
}

// noteUseless keeps later machines from trying acceleration again until
// this computer is started anew.
func noteUseless(root string, why error) error {
	note := uselessNote(root)
	if err := os.WriteFile(note, []byte(why.Error()), 0o644); err != nil {
		return fmt.Errorf("noting that /dev/kvm does not work: %w", err)
	}
	return nil
}

func uselessNote(root string) string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		boot = []byte("unknown")
	}
	return filepath.Join(root, ".cache/vm", "no-kvm-"+string(boot[:min(8, len(boot))]))
}

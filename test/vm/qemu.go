package vm

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"keepalived-go/test/vm/talk"
)

// bootArguments keep the kernel quick and let it end the machine when it fails.
const bootArguments = "console=ttyS0 loglevel=5 panic=-1 oops=panic mitigations=off tsc=reliable no_timer_check " +
	"nokaslr audit=0 rdinit=/init"

// hardware starts qemu.
type hardware struct {
	root        string
	kernel      kernel
	accelerator string
	cpus        int
	memory      int64
	initramfs   *os.File
	files       *os.File // the connection to virtiofsd
	console     *console
}

// start returns the running machine and the outside end of its stream.
func (h hardware) start() (*helper, *os.File, error) {
	emulator, err := tool(h.root, "qemu-system-x86_64")
	if err != nil {
		return nil, nil, err
	}
	ours, theirs, err := streamPair()
	if err != nil {
		return nil, nil, err
	}
	defer theirs.Close()
	command := exec.Command(emulator.Path, h.arguments()...)
	command.Env = append(os.Environ(), emulator.Env...)
	command.ExtraFiles = []*os.File{h.initramfs, h.files, theirs} // 3, 4 and 5
	command.Stdout, command.Stderr = h.console, h.console
	machine, err := startHelper(command)
	if err != nil {
		ours.Close()
		return nil, nil, err
	}
	return machine, ours, nil
}

func (h hardware) arguments() []string {
	args := []string{}
	for _, dir := range []string{"qemu", "seabios"} {
		args = append(args, "-L", filepath.Join(packagesDir(h.root), "usr/share", dir))
	}
	memory := strconv.FormatInt(h.memory, 10)
	return append(args,
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-machine", "q35,memory-backend=memory", "-accel", h.accelerator, "-cpu", "max",
		"-smp", strconv.Itoa(h.cpus), "-m", memory+"B",
		"-object", "memory-backend-memfd,id=memory,share=on,size="+memory,
		"-kernel", h.kernel.image, "-initrd", "/dev/fd/3", "-append", bootArguments,
		"-serial", "stdio",
		"-chardev", "socket,id=files,fd=4",
		"-device", "vhost-user-fs-pci,chardev=files,tag="+talk.Tag,
		"-chardev", "socket,id=talk,fd=5",
		"-device", "virtio-serial-pci",
		"-device", "virtserialport,chardev=talk,name="+talk.Port,
	)
}

// streamPair returns two connected ends, ours for use with deadlines.
func streamPair() (ours, theirs *os.File, err error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("making the stream: %w", err)
	}
	if err := syscall.SetNonblock(fds[0], true); err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(fds[0]), "talk"), os.NewFile(uintptr(fds[1]), "talk"), nil
}

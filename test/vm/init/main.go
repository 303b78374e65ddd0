// Command init is process 1 of the virtual machine of the tests. It makes the
// machine look like the outside, runs the commands that it is given (see
// package talk) and turns the machine off in the end.
package main

import (
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/vm/talk"
)

func main() {
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "init: this is process 1 of a virtual machine, and runs nowhere else")
		os.Exit(2)
	}
	if err := serve(); err != nil {
		fmt.Println("init:", err) // to the console
	}
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

func serve() error {
	port, setup, err := reachOutside()
	if err != nil {
		return err
	}
	reports := &reporter{encoder: gob.NewEncoder(port)}
	ready, err := settle(setup)
	if err != nil {
		return errors.Join(err, reports.send(talk.Report{Failed: err.Error()}))
	}
	if err := reports.send(talk.Report{Ready: ready}); err != nil {
		return err
	}
	requests := gob.NewDecoder(port)
	runner := newRunner(reports)
	for {
		var r talk.Request
		if err := requests.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading a request: %w", err)
		}
		if err := runner.handle(r); err != nil {
			return err
		}
	}
}

// reachOutside does what can only be done from the first file system.
func reachOutside() (*os.File, talk.Setup, error) {
	var setup talk.Setup
	if err := mountAll(firstMounts); err != nil {
		return nil, setup, err
	}
	text, err := os.ReadFile("/setup")
	if err != nil {
		return nil, setup, err
	}
	if err := json.Unmarshal(text, &setup); err != nil {
		return nil, setup, fmt.Errorf("reading /setup: %w", err)
	}
	for _, name := range setup.First {
		if err := loadFile("/modules/" + name); err != nil {
			return nil, setup, err
		}
	}
	port, err := openPort(talk.Port)
	return port, setup, err
}

// settle moves into the shared file system and loads the other modules.
func settle(setup talk.Setup) (*talk.Ready, error) {
	if err := moveIn(setup); err != nil {
		return nil, err
	}
	if err := prepareSystem(); err != nil {
		return nil, err
	}
	if err := loadNamed(setup.Modules); err != nil {
		return nil, err
	}
	return about()
}

func about() (*talk.Ready, error) {
	var name unix.Utsname
	var now unix.Timespec
	if err := errors.Join(unix.Uname(&name), unix.ClockGettime(unix.CLOCK_BOOTTIME, &now)); err != nil {
		return nil, err
	}
	return &talk.Ready{Kernel: unix.ByteSliceToString(name.Release[:]), Uptime: time.Duration(now.Nano())}, nil
}

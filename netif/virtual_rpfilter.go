package netif

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// RPFilter are settings of rp_filter as they were before VMACs for IPv4 needed other ones. What comes to a VMAC has a way
// back over its parent, so rp_filter must be 0 on it, and the kernel takes the larger one of that and the setting for all
// interfaces. Therefore that is made 0, and every interface gets it as its own, so that nothing changes for any of them.
type RPFilter struct {
	All, Default uint32
	Links        map[string]uint32 // by name, those that were changed
}

// settingFile is a setting for IPv4 of an interface, of all, or of new ones.
func settingFile(dev string) string {
	return filepath.Join("/proc/sys/net/ipv4/conf", dev, "rp_filter")
}

func readRPFilter(dev string) (uint32, error) {
	b, err := os.ReadFile(settingFile(dev))
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 32)
	return uint32(n), err
}

func writeRPFilter(dev string, value uint32) error {
	return os.WriteFile(settingFile(dev), []byte(strconv.FormatUint(uint64(value), 10)), 0)
}

// AdoptRPFilter takes over what another process has changed.
func (v *VirtualLinks) AdoptRPFilter(before *RPFilter) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.rpFilter = before
}

// clearRPFilter makes the setting for all interfaces 0. Where /proc/sys cannot be written it stays, as with upstream.
func (v *VirtualLinks) clearRPFilter() error {
	all, err := readRPFilter("all")
	if err != nil || all == 0 {
		return nil
	}
	before := &RPFilter{All: all, Links: map[string]uint32{}}
	if before.Default, err = readRPFilter("default"); err != nil {
		return err
	}
	s, err := v.conn.state()
	if err != nil {
		return err
	}
	var lower []string
	for name := range s.ByName {
		if own, err := readRPFilter(name); err == nil && own < all { // one that vanishes needs none
			before.Links[name] = own
			lower = append(lower, name)
		}
	}
	v.mu.Lock()
	earlier := v.rpFilter
	v.rpFilter = before.after(earlier)
	v.mu.Unlock()
	v.tell()
	if err := writeRPFilter("default", max(all, before.Default)); err != nil {
		v.AdoptRPFilter(earlier) // nothing was changed
		if errors.Is(err, os.ErrPermission) || errors.Is(err, unix.EROFS) {
			return nil
		}
		return err
	}
	for _, name := range lower {
		_ = writeRPFilter(name, all) // it vanishes
	}
	return writeRPFilter("all", 0)
}

// after adds what was changed before already, when somebody has set rp_filter for all interfaces again.
func (f *RPFilter) after(earlier *RPFilter) *RPFilter {
	if earlier == nil {
		return f
	}
	if f.Default == max(earlier.All, earlier.Default) {
		f.Default = earlier.Default
	}
	for name, own := range earlier.Links {
		if _, again := f.Links[name]; again || f.All == earlier.All {
			f.Links[name] = own
		}
	}
	return f
}

// restoreRPFilter undoes clearRPFilter, except what somebody else has changed since.
func (v *VirtualLinks) restoreRPFilter() error {
	v.mu.Lock()
	before := v.rpFilter
	v.rpFilter = nil
	v.mu.Unlock()
	if before == nil {
		return nil
	}
	var errs []error
	restore := func(dev string, ours, to uint32) {
		if now, err := readRPFilter(dev); err == nil && now == ours {
			errs = append(errs, writeRPFilter(dev, to))
		}
	}
	restore("all", 0, before.All)
	restore("default", max(before.All, before.Default), before.Default)
	for name, own := range before.Links {
		restore(name, before.All, own)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("restoring rp_filter: %w", err)
	}
	return nil
}

package vrrp

import (
	"fmt"
	"io"
	"testing"

	"github.com/sirupsen/logrus"

	"keepalived-go/config"
)

type fakePromoter struct {
	on    map[string]bool
	calls []string
}

func (f *fakePromoter) PromoteSecondaries(dev string, on bool) (bool, error) {
	f.calls = append(f.calls, fmt.Sprint(dev, on))
	was := f.on[dev]
	f.on[dev] = on
	return was, nil
}

// TestPromote sets what is asked for once, and puts back only what it has changed, also what a former process has.
func TestPromote(t *testing.T) {
	log := logrus.New()
	log.Out = io.Discard
	with := func(devs ...string) (c config.Config) {
		for _, dev := range devs {
			c.Instances = append(c.Instances, config.Instance{Interface: dev, PromoteSecondaries: true})
		}
		c.Instances = append(c.Instances, config.Instance{Interface: "eth7"})
		return c
	}
	f := &fakePromoter{on: map[string]bool{"eth1": true, "eth2": true}}
	e := &Engine{log: logrus.NewEntry(log), promoted: map[string]bool{}}
	e.opt.Promoter = f
	e.opt.Resume = map[string]InstanceState{"k": {Interface: "eth2", Promoted: true}}
	e.promote(with("eth0", "eth0", "eth1", "eth2"))
	e.promote(with("eth0", "eth1", "eth2"))
	if r := (&router{cfg: config.Instance{Interface: "eth1", PromoteSecondaries: true}}); e.changedPromotion(r) {
		t.Error("eth1 was set before")
	}
	e.promote(with("eth0"))
	e.promote(config.Config{})
	if got, want := fmt.Sprint(f.calls), "[eth0true eth1true eth2true eth2false eth0false]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

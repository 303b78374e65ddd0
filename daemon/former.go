package daemon

import (
	"fmt"
	"maps"
	"os"
	"slices"

	"keepalived-go/netif"
	"keepalived-go/vrrp"
)

// tellFormer has the parent know what the host was like before it is changed: nobody could find out when this process dies.
func (c *child) tellFormer(former netif.Former) {
	f, err := sealedJSON("keepalived.former", former)
	if err != nil {
		c.log.Warnf("noting the settings of the host: %v", err)
		return
	}
	c.outbox.deliver(message{Kind: kindFormer, files: []*os.File{f}})
}

// heardFormer remembers what the VRRP child has told.
func (p *parent) heardFormer(m message) error {
	if len(m.files) != 1 {
		return fmt.Errorf("it came with %d files", len(m.files))
	}
	var former netif.Former
	if err := loadJSON(m.files[0], &former); err != nil {
		return err
	}
	p.former = former
	return nil
}

// addFormer gives each state the former settings of the parents of its links, and those of the host to one of them.
func addFormer(states map[string]vrrp.InstanceState, former netif.Former) {
	rest := former.RPFilter
	for _, key := range slices.Sorted(maps.Keys(states)) {
		s := states[key]
		s.Parents, s.RPFilter = nil, nil
		for _, l := range s.Links {
			before, ok := former.Parents[l.Parent]
			if !ok {
				continue
			}
			if s.Parents == nil {
				s.Parents = map[string]netif.ARPMode{}
			}
			s.Parents[l.Parent] = before
		}
		if len(s.Parents) > 0 {
			s.RPFilter, rest = rest, nil
		}
		states[key] = s
	}
}

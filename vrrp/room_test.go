package vrrp

import (
	"errors"
	"slices"
	"testing"
	"time"

	"keepalived-go/config"
	"keepalived-go/vrrp/wire"
)

// roomNetwork remembers the receive buffers that its sockets are given.
type roomNetwork struct {
	wire.Network
	rooms []int
	fail  bool
}

func (n *roomNetwork) Open(key wire.Key) (wire.Socket, error) {
	s, err := n.Network.Open(key)
	return roomSocket{s, n}, err
}

type roomSocket struct {
	wire.Socket
	network *roomNetwork
}

func (s roomSocket) SetReceiveBuffer(bytes int) error {
	s.network.rooms = append(s.network.rooms, bytes)
	if s.network.fail {
		return errors.New("no room")
	}
	return nil
}

// TestRoom has instances that share a socket: its buffer is what they ask for together.
func TestRoom(t *testing.T) {
	of := func(policy string, rooms ...int) config.Config {
		var c config.Config
		for i, room := range rooms {
			in := instance(100, time.Second)
			in.VRID, in.Name, in.ReceiveBuffer = uint8(i+1), in.Name+string(rune('a'+i)), room
			c.Instances = append(c.Instances, in)
		}
		c.Global.VRRPRxBufsPolicy, c.Global.VRRPRxBufsMultiplier = policy, 3
		return c
	}
	for _, row := range []struct {
		name  string
		first config.Config
		then  config.Config
		want  []int
	}{
		{"nothing", of("", 0, 0), of("", 0), nil},
		{"of their own", of("", 1000, 0, 2000), of("", 1000, 0, 5000), []int{1000, 3000, 6000}},
		{"one leaves", of("", 1000, 2000), of("", 1000), []int{1000, 3000, 1000}},
		{"a size", of("70000", 0, 1000), of("", 0, 1000), []int{70000, 71000, 1000}},
		{"by the MTU, then none", of("MTU", 0), of("", 0), []int{4500, 0}},
		{"by the adverts", of("ADVERT", 0, 0), of("ADVERT", 0, 0), []int{96, 192}},
	} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				lan := wire.NewLAN()
				a := newNode(t, lan, "a", "192.168.4.1/24")
				network := &roomNetwork{Network: a.host.Network(), fail: true}
				a.network = network
				a.start(row.first, nil)
				settle(time.Second)
				if err := a.engine.Reload(row.then); err != nil {
					t.Fatal(err)
				}
				view, err := a.engine.View(false)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(network.rooms, row.want) {
					t.Errorf("buffers of %v, want %v", network.rooms, row.want)
				}
				if len(row.want) > 0 && view.Sockets[0].ReceiveBuffer != row.want[len(row.want)-1] {
					t.Errorf("the view says %d", view.Sockets[0].ReceiveBuffer)
				}
				if a.lines.count("vrrp set receive socket buffer size error: no room") != len(row.want) {
					t.Error("failures are not said")
				}
				a.stop()
			})
		})
	}
}

package ipvs

import (
	"errors"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

func drawAddress(t *rapid.T, family int) netip.AddrPort {
	b := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address")
	if family == 6 {
		b = append([]byte{0x20, 1, 11: 0}, b...)
	}
	a, _ := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(a, rapid.Uint16().Draw(t, "port"))
}

// TestAttributes shows that what is written is read again.
func TestAttributes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		family := rapid.SampledFrom([]int{4, 6}).Draw(t, "family")
		s := Service{
			Key:       Key{Family: family, Protocol: rapid.SampledFrom([]uint8{6, 17, 132}).Draw(t, "protocol"), Addr: drawAddress(t, family)},
			Scheduler: rapid.SampledFrom([]string{"rr", "lblcr"}).Draw(t, "scheduler"),
			Flags:     Flags(rapid.Uint32Range(0, 15).Draw(t, "flags")) << 2,
			Timeout:   rapid.Uint32().Draw(t, "timeout"),
			Prefix:    uint8(rapid.IntRange(1, int(widest(family))).Draw(t, "prefix")),
			Engine:    rapid.SampledFrom([]string{"", "sip"}).Draw(t, "engine"),
		}
		if family == 4 && rapid.Bool().Draw(t, "holes") {
			s.SetMask(rapid.Uint32().Draw(t, "mask"))
		}
		if rapid.Bool().Draw(t, "marked") {
			s.Key = Key{Family: family, Mark: rapid.Uint32Min(1).Draw(t, "mark")}
		}
		c := conversation{}
		message, _ := c.request(nil, cmdNewService, 0, serviceAttribute(s))
		a, err := parseAttributes(message[unix.SizeofNlMsghdr:], attrService)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parseService(a); err != nil || !got.Same(s) {
			t.Fatalf("read %#v, %v; want %#v", got, err, s)
		}
		d := Destination{
			Addr: drawAddress(t, rapid.SampledFrom([]int{4, 6}).Draw(t, "family of the server")), Weight: rapid.Uint32().Draw(t, "weight"),
			Method: Method(rapid.Uint32Range(0, 3).Draw(t, "method")), Upper: rapid.Uint32().Draw(t, "upper"), Lower: rapid.Uint32().Draw(t, "lower"),
		}
		if d.Method == Tunnel {
			d.Encapsulation = Encapsulation{Type: rapid.Uint8Range(0, 2).Draw(t, "type"), Port: rapid.Uint16().Draw(t, "tunnel port"), Flags: rapid.Uint16Range(0, 2).Draw(t, "sums")}
		}
		message, _ = c.request(nil, cmdNewDestination, 0, keyAttribute(s.Key), destinationAttribute(d))
		if a, err = parseAttributes(message[unix.SizeofNlMsghdr:], attrDestination); err != nil {
			t.Fatal(err)
		}
		if got, err := parseDestination(a, family); err != nil || got != d {
			t.Fatalf("read %+v, %v; want %+v", got, err, d)
		}
	})
}

// TestMalformed shows that messages which are no rows are errors.
func TestMalformed(t *testing.T) {
	for _, message := range [][]byte{nil, {1}, {1, 1, 0, 0}, {1, 1, 0, 0, 200, 0, 1, 0}, {1, 1, 0, 0, 8, 0, 2, 0, 1, 2, 3, 4}} {
		if _, err := parseAttributes(message, attrService); err == nil {
			t.Errorf("%v is taken for a service", message)
		}
	}
	for _, a := range []map[uint16][]byte{{}, {destinationAddress: {1, 2}}, {destinationAddress: make([]byte, 16), destinationFamily: {99, 0}}} {
		if _, err := parseDestination(a, 4); err == nil {
			t.Errorf("%v is taken for a destination", a)
		}
	}
}

func TestOperationErrors(t *testing.T) {
	var e OperationErrors
	add := Operation{Verb: AddService, Service: Service{Key: Key{Family: 4, Mark: 7}, Scheduler: "xyz"}}
	to := Operation{Verb: AddDestination, Service: add.Service, Destination: Destination{Addr: netip.MustParseAddrPort("192.0.2.1:80")}}
	e.Add(add, nil)
	if err := e.AsError(); err != nil {
		t.Errorf("nothing failed: %v", err)
	}
	e.Add(to, unix.ESRCH)
	e.Add(add, unix.ENOENT)
	e.Add(to, unix.ESRCH) // it has no service
	e.Add(to, unix.EEXIST)
	const want = "adding server 192.0.2.1:80 to virtual service FWM 7: no such process; 2 more operations failed"
	if err := e.AsError(); err.Error() != want || !errors.Is(err, unix.ENOENT) || !errors.Is(err, unix.EEXIST) {
		t.Errorf("the error is %q, want %q", err, want)
	}
}

package lvs

import (
	"context"
	"time"

	"keepalived-go/test/lab"
)

// echoDatagrams has a server answer every datagram to port 53 with its name.
func (f *farm) echoDatagrams(server *lab.Host) {
	f.t.Helper()
	conn, err := server.ListenPacket("udp", ":53")
	f.must(err)
	f.t.Cleanup(func() { conn.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			_, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo([]byte(server.Name), from) // who does not hear it asks again
		}
	}()
}

// askDatagram sends one datagram from the client and returns the answer.
func (f *farm) askDatagram(address string) (string, error) {
	ctx, cancel := context.WithTimeout(f.t.Context(), 5*time.Second)
	defer cancel()
	conn, err := f.client.Dial(ctx, "udp", address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return "", err
	}
	if _, err := conn.Write([]byte("?")); err != nil {
		return "", err
	}
	answer := make([]byte, 64)
	n, err := conn.Read(answer)
	return string(answer[:n]), err
}

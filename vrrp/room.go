package vrrp

import (
	"strconv"

	"keepalived-go/config"
)

// fit gives a socket room for what its instances ask for together, after r has come or has changed.
func (e *Engine) fit(s *sharedSocket, r *router) {
	e.setRoom(s, r, wantedRoom(r, e.opt.Config.Global))
}

// unfit takes the room back that r has asked for, before it leaves the socket.
func (e *Engine) unfit(s *sharedSocket, r *router) {
	if s.users > 1 {
		e.setRoom(s, r, 0)
	}
	r.room = 0
}

func (e *Engine) setRoom(s *sharedSocket, r *router, room int) {
	if room == r.room {
		return
	}
	s.room += room - r.room
	r.room = room
	if err := s.socket.SetReceiveBuffer(s.room); err != nil {
		e.log.Warnf("vrrp set receive socket buffer size error: %v", err)
	}
}

// wantedRoom is how many bytes an instance asks for: its own kernel_rx_buf_size, or what vrrp_rx_bufs_policy gives.
func wantedRoom(r *router, g config.Global) int {
	if r.cfg.ReceiveBuffer > 0 {
		return r.cfg.ReceiveBuffer
	}
	switch g.VRRPRxBufsPolicy {
	case "":
		return 0
	case "MTU":
		return g.VRRPRxBufsMultiplier * r.link.MTU
	case "ADVERT":
		return g.VRRPRxBufsMultiplier * r.message.Length(r.cfg.Family == 6)
	}
	size, err := strconv.Atoi(g.VRRPRxBufsPolicy)
	if err != nil {
		return 0 // the table lets numbers through only
	}
	return size
}

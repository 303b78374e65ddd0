package vrrp

import (
	"time"

	"keepalived-go/config"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/packet"
)

// configureAuth takes over authentication. Sequences go on over a reload, and what was heard still must not come again.
func (r *router) configureAuth(former packet.Message) {
	cfg := &r.cfg
	if cfg.Version == 2 {
		r.message.AuthType = uint8(cfg.AuthType)
		switch cfg.AuthType {
		case config.AuthPass: // a password without a type is not sent, as upstream does not
			copy(r.message.AuthData[:], cfg.AuthPass)
		case config.AuthAH:
			r.message.AH = packet.NewAH(cfg.AuthPass)
			if former.AH != nil {
				r.message.AH.Sequence = former.AH.Sequence
			}
		}
	}
	if cfg.HMAC.Use {
		r.message.HMAC = packet.NewHMAC(hmacSettings(cfg), former.HMAC)
	}
}

var hmacModes = map[string]packet.HMACMode{
	"": packet.HMACEnforce, "enforce": packet.HMACEnforce, "permissive": packet.HMACPermissive, "receive-only": packet.HMACReceiveOnly,
}

func hmacSettings(cfg *config.Instance) packet.HMACSettings {
	h := &cfg.HMAC
	s := packet.HMACSettings{Mode: hmacModes[h.Mode], Active: uint8(h.ActiveKey)}
	for _, k := range h.Keys {
		s.Keys = append(s.Keys, packet.HMACKey{ID: uint8(k.ID), Secret: k.Key})
	}
	if h.AntiReplay != "monotonic" {
		s.Window = h.TimeWindow
	}
	if cfg.Unicast() {
		for _, p := range cfg.UnicastPeers {
			s.Peers = append(s.Peers, p.Addr)
		}
	}
	return s
}

// sequence is the number of the last advert, 0 without authentication that counts.
func (r *router) sequence() uint64 {
	switch m := &r.message; {
	case m.AH != nil:
		return uint64(m.AH.Sequence)
	case m.HMAC != nil:
		return m.HMAC.Sequence()
	}
	return 0
}

// resumeSequence goes on after what a former process has sent: what comes before it is not taken by anybody.
func (r *router) resumeSequence(sequence uint64) {
	switch m := &r.message; {
	case m.AH != nil:
		m.AH.Sequence = uint32(sequence)
	case m.HMAC != nil:
		m.HMAC.Resume(sequence)
	}
}

// nextSequence counts an advert that is about to be sent, to however many peers. What the parent would have to know of
// it after this process is in Beats.
func (e *Engine) nextSequence(r *router) {
	switch m := &r.message; {
	case m.AH != nil:
		m.AH.Next()
	case m.HMAC != nil && m.HMAC.Signs():
		m.HMAC.Next(time.Now())
	default:
		return
	}
	e.opt.Beats.setSequence(r.slot, r.sequence())
}

// noteSequence has the sequence that an accepted advert has moved on (AH), and clocks that are about to be too far apart
// (HMAC), which is said once.
func (e *Engine) noteSequence(r *router, got packet.Received, reason packet.Reason) {
	if r.message.AH != nil {
		e.opt.Beats.setSequence(r.slot, r.sequence())
	}
	if r.message.HMAC == nil || !reason.Processed() {
		return
	}
	if got.Skewed && !r.saidSkew {
		e.log.Warnf("(%s) %s", r.cfg.Name, got.ExplainSkew())
	}
	r.saidSkew = got.Skewed
}

// restartSequence is for a Backup that becomes Master.
func (r *router) restartSequence(before, after fsm.State) {
	if r.message.AH != nil && after == fsm.Master && before != fsm.Master {
		r.message.AH.Restart()
	}
}

// passSequence goes beyond the sequence of a rival that must give in: it has said more than we have.
func (e *Engine) passSequence(r *router) {
	if r.message.AH != nil {
		r.message.AH.Next()
		e.log.Infof("(%s) IPSEC-AH : Syncing seq_num - Increment seq", r.cfg.Name)
	}
}

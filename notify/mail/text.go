// Package mail sends the alert mails of the global keyword smtp_alert and its
// siblings: it builds their texts and talks SMTP with the server of
// smtp_server.
package mail

import (
	"fmt"
	"time"
)

// Message is one alert. Time goes into the Date header; Send fills it in when
// it is zero.
type Message struct {
	Subject, Body string
	Time          time.Time
}

// Event is what happened to a VRRP instance or group.
type Event int

// The events of instances and groups that are mailed.
const (
	Master  Event = iota // the state Master was entered
	Backup               // the state Backup was entered
	Fault                // the state Fault was entered
	Stopped              // the daemon ends
	Deleted              // the instance left the configuration; not for groups
)

func (e Event) state() string {
	switch e {
	case Master:
		return "MASTER"
	case Backup:
		return "BACKUP"
	}
	return "FAULT"
}

// subject puts the router_id in front, as every alert has it.
func subject(router, format string, arguments ...any) string {
	text := fmt.Sprintf(format, arguments...)
	if router == "" {
		return text
	}
	return "[" + router + "] " + text
}

func body(text string) string { return "=> " + text + " <=" }

// Instance is the alert of a vrrp_instance.
func Instance(router, name string, e Event) Message {
	what, text := "Entering "+e.state()+" state", "VRRP Instance is no longer owning VRRP VIPs"
	switch e {
	case Master:
		text = "VRRP Instance is now owning VRRP VIPs"
	case Stopped:
		what, text = "Stopping", "VRRP Instance stopping"
	case Deleted:
		what, text = "Deleted", "VRRP Deleted at reload"
	}
	return Message{Subject: subject(router, "VRRP Instance %s - %s", name, what), Body: body(text)}
}

// Group is the alert of a vrrp_sync_group.
func Group(router, name string, e Event) Message {
	what, text := "Entering "+e.state()+" state", "All VRRP group instances are now in "+e.state()+" state"
	if e == Stopped || e == Deleted {
		what, text = "Stopping", "All VRRP group instances are now stopping"
	}
	return Message{Subject: subject(router, "VRRP Group %s - %s", name, what), Body: body(text)}
}

// RealServer is the alert of a real server. Both servers are given as the logs
// name them, such as [192.0.2.1]:tcp:80. The checker gives the text, without
// the arrows around it, such as "TCP CHECK succeed on service"; so do ShuttingDown
// and Removing.
func RealServer(router, server, virtual string, up bool, text string) Message {
	return Message{
		Subject: subject(router, "Realserver %s of virtual server %s - %s", server, virtual, upDown(up)),
		Body:    body(text),
	}
}

// Texts of RealServer that no checker gives.
const (
	ShuttingDown = "Shutting down"
	Removing     = "Removing"
)

// Quorum is the figures of a virtual server's quorum when it was judged.
type Quorum struct {
	Quorum, Hysteresis uint
	Weight             int64 // the sum of the weights of the real servers that are up
	Starting           bool  // first judgement after the start
}

// VirtualServer is the alert of a quorum that was gained or lost.
func VirtualServer(router, virtual string, up bool, q Quorum) Message {
	what := "Lost quorum"
	switch {
	case q.Starting && up:
		what = "Starting with quorum up"
	case q.Starting:
		what = "Starting with quorum down"
	case up:
		what = "Gained quorum"
	}
	// The sign between threshold and weight is the same for a loss, as users'
	// filters know it.
	text := fmt.Sprintf("%s %d+%d=%d <= %d", what, q.Quorum, q.Hysteresis, q.Quorum+q.Hysteresis, q.Weight)
	return Message{Subject: subject(router, "Virtualserver %s - %s", virtual, upDown(up)), Body: body(text)}
}

func upDown(up bool) string {
	if up {
		return "UP"
	}
	return "DOWN"
}

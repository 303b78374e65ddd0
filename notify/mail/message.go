// Package mail sends the alert mails of the global keyword smtp_alert and its
// siblings: it talks SMTP with the server of smtp_server.
package mail

import "time"

// Message is one alert. Time goes into the Date header; Send fills it in when
// it is zero.
type Message struct {
	Subject, Body string
	Time          time.Time
}

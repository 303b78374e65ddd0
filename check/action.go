package check

import "keepalived-go/config"

// action is what the state of a virtual server asks the engine for. Actions are carried out in their order.
type action interface{ isAction() }

// say is a line of the log.
type say struct{ text string }

// tell starts a script, and is an event line for a pipe, with or without a script.
type tell struct {
	script config.Script
	label  string // what the script belongs to
	event  string
}

// post is an alert mail.
type post struct{ subject, body string }

// retable says that the desired table of the virtual server is another one.
type retable struct{}

func (say) isAction()     {}
func (tell) isAction()    {}
func (post) isAction()    {}
func (retable) isAction() {}

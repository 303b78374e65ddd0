// Package notify runs scripts for the rest of the daemon, and tells whether a script may be run at all.
package notify

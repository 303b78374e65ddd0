// Package track watches what the priority or the health of a virtual router can depend on: scripts that are run at an
// interval, and more. What decides is pure: an outcome goes in, a verdict comes out. What runs things reports through
// a callback and knows nothing of virtual routers.
package track

// Package packet builds and checks VRRP advertisements, version 2 and version 3. It does no input or output.
package packet

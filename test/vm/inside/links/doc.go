// Package links tests interfaces that many kernels lack, beside Debian's keepalived: ipvlan, and VMACs in a VRF.
package links

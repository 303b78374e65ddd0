// Package packet builds and checks VRRP advertisements: version 2 (RFC 3768, with the authentication of RFC 2338, PASS and
// AH) and version 3 (RFC 5798, RFC 9568), both with the trailer of auth_hmac (draft-cassen-vrrp-auth-hmac) where it is
// asked for. It is pure: octets in, values out, and the other way round. [AH] and [HMAC] are what is remembered from one
// advert to the next; who sends moves their sequences on, Expect.Check what was heard.
//
//	Message ── AppendIPv4, AppendIPv6 ──> datagram ── VRID ──> which virtual router ── Expect.Check ──> Received, Reason
//
// The checks come in upstream keepalived's order. Each has a Reason, which names a counter and explains itself in
// upstream's words:
//
//	whole headers, AH or none -> length -> TTL 255 (multicast) -> version -> trailer (auth_hmac) -> authentication (v2),
//	with AH value, source and sequence -> interval (v2) -> type -> IP total length -> checksum -> multicast, our group ->
//	unicast peer and its TTL -> addresses
//
// A difference in the list of addresses is worth a complaint, and the advert counts in spite of it. A different
// interval in version 3 is no fault: a Backup adopts it. The checksum of version 3 over IPv4 is sent with a
// pseudo-header, as RFC 5798 has it and upstream requires it, unless v3_checksum_as_v2 is set. Both forms are
// accepted, because routers exist that send either, and Received tells when it was the other one.
//
// Protocol numbers live here; everything outside counts in time.Duration and netip.Addr.
package packet

// Package httpget makes one request of HTTP_GET or SSL_GET and judges the reply.
//
// One call of [Do] is one connection, one GET, one verdict about one url block. What belongs to the checker as a whole
// is its caller's business, in this order:
//
//  1. Urls are asked one after another, each on a connection of its own. After a good one the next is due after
//     delay_loop, and the count of retries starts anew. When the last one is good and none is known as failed, the
//     checker has passed, and begins again with the first.
//  2. A failed url is asked again after delay_before_retry, as long as retries remain and the checker was up. Then the
//     checker has failed: this url is remembered and is asked every delay_loop, or delay_before_retry if that is longer.
//  3. When the remembered url is good again, all urls are asked from the first one, and only then has the checker passed.
//     With fast_recovery they follow each other without delay, as they do before the first verdict.
//
// [Failure.What] has the words that upstream logs before " server [RS]:port."; [Result.Success] those before
// " success to ".
//
// How a reply is read, as upstream does it: into a buffer of 4095 bytes, which has to hold the whole header; until the
// server closes the connection, so that one who keeps it open fails by timeout whatever it sent; without decoding
// anything. Content-Length bounds what is digested and nothing else. A regular expression is given what the buffer
// holds after each read, the first time with the header if part of the body came along with its end. It is hard
// partial matching: a match that reaches the end of what came waits for more, and when nothing more comes it is none.
// What a pattern may look back at is kept, which upstream does only for partial matches.
//
// Timeouts: connect_timeout bounds connecting together with the TLS handshake, then the wait for the first byte, then,
// without TLS, each pause between reads; with TLS it bounds the whole rest. [Request.Overall] bounds everything.
package httpget

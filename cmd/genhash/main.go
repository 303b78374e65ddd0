// Genhash prints the digest of a page as HTTP_GET and SSL_GET compare it. See genhash(1).
package main

import (
	"os"

	"keepalived-go/daemon"
)

func main() { os.Exit(daemon.Genhash(os.Args)) }

// Genhash will compute the digest of a page as HTTP_GET compares it. It is not available yet.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "genhash: the digest mode is not available yet")
	os.Exit(1)
}

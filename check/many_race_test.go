//go:build race

package check

// manyServices is how many services TestFortyThousandRealServers has. The race detector makes it slow, and looks at
// the same code when there are fewer.
const manyServices = 150

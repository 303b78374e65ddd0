//go:build !race

package check

// manyServices is how many services TestFortyThousandRealServers has.
const manyServices = 2500

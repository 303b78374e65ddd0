// Package ipvs has the tests of the package ipvs that need a kernel with ip_vs.
package ipvs

// Package status writes what the outside sees of the daemon: the dumps and the JSON that other programs read.
//
// Everything is written from a view, which is one moment of an engine, by functions that have no effect; WriteFile puts
// the result where it is looked for. The labels, their order and their units are a contract with those programs.
package status

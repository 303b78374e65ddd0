// Package config turns the syntax tree of keepalived.conf into a typed value.
//
// The language is a table of keywords kept as data (see Keyword): each row has the keyword's name, the form and
// the range of its argument, its default, one line of meaning, the state of its engine, and the place in the
// configuration that it decodes to. The decoder, the suggestions for misspelt words, the text that Dump writes,
// COMPATIBILITY.md and the reference of the manual page all come from that table.
//
// Decode walks the tree as upstream's reader walks lines, so that a file with faults means here what it means
// there. It asks the host nothing by itself: interfaces, users and files are looked up through Env.
//
// # Adding a block
//
// Write a function that returns the block's rows and name it in rootKeywords (table.go). A row that only stores a
// value needs Arg and Into; a row that does more has Do. A block whose lines are keywords has Block.Keywords, a
// block whose lines are entries (addresses, names) has Block.Entry; End runs when the block is closed. State of
// the block that is being read is a field of scope. Faults are reported through decoder.warn (upstream logs it and
// goes on, exit status 5), decoder.fail (upstream dies of it) and decoder.note (no influence on the exit status).
package config

//go:generate go run ./gen -root ..

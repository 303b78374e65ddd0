// Package parser turns keepalived configuration files into a syntax tree.
//
// The work is done in three steps. The reader (ReadFile, ReadString) does everything that can create or drop lines:
// comments, includes, conditional lines, definitions and their use, repeated lines. Its result is a Text: the
// consolidated lines, each with a map back to the file, line and column it came from. A Text can be written and
// loaded again, and needs no file after it was read. The lexer cuts the lines of a Text at braces, and a generic
// grammar (a statement is words and perhaps a block) makes a Tree of the pieces.
//
// The package knows no keyword besides the include family, include_check and random_seed, which change the reading
// itself. Nothing that stands in a file makes Parse fail: what is wrong is a Diagnostic, collected, so that one run
// reports all of it, and unbalanced braces are nodes of the tree.
package parser

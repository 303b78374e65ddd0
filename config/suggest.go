package config

// suggest says what the user may have meant by a word that is no keyword of the block.
func (t *table) suggest(b *Block, word string) string { return "" }

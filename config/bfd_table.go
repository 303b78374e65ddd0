package config

// bfdKeywords are the rows of bfd_instance.
func bfdKeywords() []Keyword { return nil }

// bfdScope is the BFD session that is being read.
type bfdScope struct{}

// resolveBFD checks and completes the BFD sessions after the whole text was read.
func (d *decoder) resolveBFD() {}

package config

// lvsKeywords are the rows of virtual_server, virtual_server_group and SSL.
func lvsKeywords() []Keyword { return nil }

// lvsScope is what is being read below those blocks.
type lvsScope struct{}

// resolveLVS checks and completes the virtual servers after the whole text was read.
func (d *decoder) resolveLVS() {}

package config

import "slices"

// acting marks rows, with the words of their lines, as keywords that work. What stands in their blocks is marked by itself.
func acting(rows []Keyword, but ...string) []Keyword {
	for i := range rows {
		if k := &rows[i]; k.Effect == Ignored && k.Since != "" && !slices.Contains(but, k.Name) {
			k.Effect = Acts
			k.Options = acting(k.Options)
		}
	}
	return rows
}

// notChecked are the rows of real_server that have no effect yet. A checker among them counts as passed.
var notChecked = []string{
	"BFD_CHECK", "DNS_CHECK", "FILE_CHECK", "MISC_CHECK", "PING_CHECK", "SMTP_CHECK", "UDP_CHECK", "snmp_name",
}

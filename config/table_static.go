package config

// staticKeywords are the objects that are kept whatever the state of VRRP.
func staticKeywords() []Keyword {
	return []Keyword{
		{
			Name: "static_ipaddress", Syntax: "{ block of address lines }", Default: "none",
			Since: "1.1.0", Area: "static", Meaning: "addresses kept configured while keepalived runs, independent of VRRP state",
			Effect:  Acts,
			Do:      opensBlock,
			Options: addressOptions("static_ipaddress"),
			Block:   &Block{Entry: (*decoder).staticAddress},
		},
		{
			Name: "static_routes", Syntax: "{ block of route lines }", Default: "none",
			Since: "1.0.1", Area: "static", Meaning: "routes kept configured while keepalived runs",
			Effect:  Acts,
			Do:      opensBlock,
			Options: routeOptions("static"),
			Block:   &Block{Entry: (*decoder).staticRoute},
		},
		{
			Name: "static_rules", Syntax: "{ block of rule lines }", Default: "none",
			Since: "1.2.20", Area: "static", Meaning: "policy rules kept configured while keepalived runs",
			Effect:  Acts,
			Do:      opensBlock,
			Options: ruleOptions("static"),
			Block:   &Block{Entry: (*decoder).staticRule},
		},
		{
			Name: "track_group", Syntax: "NAME { block }", Default: "none",
			Since: "2.0.3", Area: "static", Meaning: "names a set of VRRP instances that go to FAULT when an associated static object is lost and cannot be restored",
			Effect: Acts,
			Do:     (*decoder).openTrackGroup,
			Block: &Block{
				Keywords: []Keyword{
					{
						Name: "group", Syntax: "{ whitespace separated list of vrrp_instance names }", Default: "required (group without members is removed)",
						Since: "2.0.3", Area: "static", Meaning: "members of the static track group",
						Effect: Acts,
						Do:     (*decoder).openTrackGroupList,
						Block:  &Block{Entry: (*decoder).trackGroupMember},
					},
				},
			},
		},
	}
}

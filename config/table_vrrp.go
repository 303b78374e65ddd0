package config

func vrrpKeywords() []Keyword { return nil }

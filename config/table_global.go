package config

func globalKeywords() []Keyword { return nil }

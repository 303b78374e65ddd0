package config

func trackKeywords() []Keyword { return nil }

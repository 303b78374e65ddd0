package config

func staticKeywords() []Keyword { return nil }

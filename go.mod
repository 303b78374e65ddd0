module keepalived-go

go 1.26.0

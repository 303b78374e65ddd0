package config

import (
	"fmt"
	"net/netip"
	"time"
)

// store puts a value that value has read into the place that a row names. A type that it does not know is a fault of
// the table; the test of the table goes through all rows.
func store(place, v any) {
	switch p := place.(type) {
	case *bool:
		*p = v.(bool)
	case *Optional[bool]:
		*p = some(v.(bool))
	case *string:
		*p = v.(string)
	case *netip.Addr:
		*p = v.(netip.Addr)
	case *time.Duration:
		*p = asDuration(v)
	case *Optional[time.Duration]:
		*p = some(asDuration(v))
	case *int:
		*p = int(v.(int64))
	case *Optional[int]:
		*p = some(int(v.(int64)))
	case *uint8:
		*p = uint8(v.(int64))
	default:
		panic(fmt.Sprintf("config: the table stores into a %T", place))
	}
}

// asDuration takes seconds, or a decimal that was scaled already.
func asDuration(v any) time.Duration {
	if s, ok := v.(scaled); ok {
		return time.Duration(s)
	}
	return time.Duration(v.(int64)) * time.Second
}

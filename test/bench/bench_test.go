package main

import (
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, row := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := median(row.values); got != row.want {
			t.Errorf("median of %v: %v, want %v", row.values, got, row.want)
		}
	}
}

// TestInstancesDiffer checks that no two instances share a virtual router
// and interface, or an address: that would be another measurement.
func TestInstancesDiffer(t *testing.T) {
	seen := map[string]bool{}
	blocks := strings.Split(instances(2000, "MASTER", 100, "advert_int 1"), "vrrp_instance ")[1:]
	if len(blocks) != 2000 {
		t.Fatalf("%d instances", len(blocks))
	}
	for _, block := range blocks {
		words := strings.Fields(block)
		var key, address string
		for i, word := range words {
			switch word {
			case "interface", "virtual_router_id":
				key += words[i+1] + " "
			case "virtual_ipaddress":
				address = words[i+2]
			}
		}
		if seen[key] || seen[address] {
			t.Fatalf("%s or %s is there twice", key, address)
		}
		seen[key], seen[address] = true, true
	}
}

func TestAddComputesRatio(t *testing.T) {
	var b bench
	b.add("something", "ms", [2][]float64{{1, 2, 3}, {4, 4, 4}})
	if r := b.results[0]; r.Ratio != 0.5 || r.Runs != 3 {
		t.Errorf("row %+v, want ratio 0.5 of 3 runs", r)
	}
}

package config

import (
	"strings"

	"keepalived-go/parser"
)

// routeMetric is how a metric is written.
type routeMetric struct {
	index    int  // in RouteMetrics
	lockable bool // the word lock may stand in front of the value
	perMS    uint32
}

// routeMetrics are the metrics that are numbers, and those that are times: perMS is how many of the kernel's units
// make a millisecond.
var routeMetrics = map[string]routeMetric{
	"mtu":                {index: MetricMTU, lockable: true},
	"window":             {index: MetricWindow},
	"rtt":                {index: MetricRTT, lockable: true, perMS: 8},
	"rttvar":             {index: MetricRTTVar, lockable: true, perMS: 4},
	"ssthresh":           {index: MetricSSThresh, lockable: true},
	"cwnd":               {index: MetricCWnd, lockable: true},
	"advmss":             {index: MetricAdvMSS, lockable: true},
	"reordering":         {index: MetricReordering, lockable: true},
	"hoplimit":           {index: MetricHopLimit},
	"initcwnd":           {index: MetricInitCWnd},
	"rto_min":            {index: MetricRTOMin, lockable: true, perMS: 1},
	"initrwnd":           {index: MetricInitRWnd},
	"quickack":           {index: MetricQuickAck},
	"fastopen_no_cookie": {index: MetricFastOpenNoCookie},
}

// read reads [lock] VALUE.
func (m routeMetric) read(r *routeReader, option parser.Word) {
	place := &r.route.Metrics[m.index]
	if m.lockable && r.skip("lock") {
		place.Lock = true
	}
	var v uint32
	var ok bool
	if m.perMS != 0 {
		v, ok = r.metricTime(option, m.perMS)
	} else {
		v, ok = r.number(option)
	}
	if ok {
		place.Value, place.Set = v, true
	}
}

// The times that the kernel takes for TCP, in ms.
const (
	minMetricTime = 200
	maxMetricTime = 120_000
)

// metricTime reads a time in the kernel's units, or with a unit of its own: 300ms, 1.5s.
func (r *routeReader) metricTime(option parser.Word, perMS uint32) (uint32, bool) {
	w, ok := r.value()
	if !ok {
		return 0, false
	}
	number, decimals, factor, ok := splitTime(w.Text, perMS)
	v, fault := parseDecimal(number, decimals)
	most := int64(maxMetricTime) * int64(perMS)
	switch {
	case !ok || strings.ContainsAny(number, "eE") || number == "":
		r.drop(w.Pos, "write such as 300ms, 1.5s or a number of the kernel's units", "%s: %q is not a time", option.Text, w.Text)
	case v > most:
		r.drop(w.Pos, "", "%s: %q is longer than %d s", option.Text, w.Text, maxMetricTime/1000)
	case strings.HasPrefix(fault, "has more than"):
		r.fault(w.Pos, "%s: %q %s, it is rounded", option.Text, w.Text, fault)
	case fault != faultNone:
		r.drop(w.Pos, "", "%s: %q %s", option.Text, w.Text, fault)
	}
	if r.dropped {
		return 0, false
	}
	v *= factor
	if limited := min(max(v, minMetricTime*int64(perMS)), most); limited != v {
		r.fault(w.Pos, "%s: %q is outside of the range %d ms to %d s, the nearest is used", option.Text, w.Text, minMetricTime, maxMetricTime/1000)
		v = limited
	}
	return uint32(v), true
}

// splitTime takes the unit off a time. decimals is how many the number may have, factor makes kernel's units of it.
func splitTime(text string, perMS uint32) (number string, decimals int, factor int64, ok bool) {
	text = strings.TrimLeft(text, " \t\f\v")
	i := strings.IndexAny(text, "sS")
	if i < 0 {
		return text, 0, 1, true
	}
	number = text[:i]
	switch strings.ToLower(text[i:]) {
	case "s", "sec", "secs":
	default:
		return "", 0, 0, false
	}
	if strings.HasSuffix(strings.ToLower(number), "m") {
		return number[:len(number)-1], 0, int64(perMS), true
	}
	return number, 3, int64(perMS), true
}

func (r *routeReader) readCongCtl(parser.Word) {
	if r.skip("lock") {
		r.route.Metrics[MetricCongCtl].Lock = true
	}
	if w, ok := r.value(); ok {
		r.route.CongCtl = w.Text
	}
}

func (r *routeReader) readFeatures(parser.Word) {
	w, ok := r.value()
	if !ok {
		return
	}
	if w.Text != "ecn" {
		r.d.report(w.Pos, warning, statusConfig, "write ecn", "%s: there is no feature %q", r.block, w.Text)
		return
	}
	r.route.Metrics[MetricFeatures] = Metric{Value: FeatureECN, Set: true}
}

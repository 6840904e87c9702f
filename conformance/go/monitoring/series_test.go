package monitoring

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// What Prometheus would add to what it scrapes.
var target = labels.FromStrings("instance", "localhost:2379", "job", "auroch")

// scrapeInterval is how far apart the scrapes are taken to have been.
const scrapeInterval = time.Minute

// now is when the second scrape is taken to have been.
var now = time.Unix(1_800_000_000, 0)

// seriesOf are the series of all scrapes as Prometheus would store them, a minute apart.
func seriesOf(scrapes []families) []storage.Series {
	samples := map[string]map[int64]float64{}
	names := map[string]labels.Labels{}
	for i, scraped := range scrapes {
		at := now.Add(-scrapeInterval * time.Duration(len(scrapes)-1-i)).UnixMilli()
		add := func(name string, pairs []*dto.LabelPair, value float64, more ...string) {
			all := labels.NewBuilder(target).Set(labels.MetricName, name)
			for _, pair := range pairs {
				all.Set(pair.GetName(), pair.GetValue())
			}
			for i := 0; i < len(more); i += 2 {
				all.Set(more[i], more[i+1])
			}
			set := all.Labels()
			key := set.String()
			if samples[key] == nil {
				samples[key], names[key] = map[int64]float64{}, set
			}
			samples[key][at] = value
		}
		add("up", nil, 1)
		for name, family := range scraped {
			for _, metric := range family.Metric {
				addMetric(add, name, metric)
			}
		}
	}
	var series []storage.Series
	for key, set := range names {
		series = append(series, stored(set, samples[key]))
	}
	slices.SortFunc(series, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	return series
}

func addMetric(add func(string, []*dto.LabelPair, float64, ...string), name string, metric *dto.Metric) {
	switch {
	case metric.Counter != nil:
		add(name, metric.Label, metric.Counter.GetValue())
	case metric.Gauge != nil:
		add(name, metric.Label, metric.Gauge.GetValue())
	case metric.Histogram != nil:
		for _, bucket := range metric.Histogram.Bucket {
			bound := "+Inf"
			if !math.IsInf(bucket.GetUpperBound(), 1) {
				bound = strconv.FormatFloat(bucket.GetUpperBound(), 'g', -1, 64)
			}
			add(name+"_bucket", metric.Label, float64(bucket.GetCumulativeCount()), labels.BucketLabel, bound)
		}
		add(name+"_sum", metric.Label, metric.Histogram.GetSampleSum())
		add(name+"_count", metric.Label, float64(metric.Histogram.GetSampleCount()))
	}
}

func stored(set labels.Labels, samples map[int64]float64) storage.Series {
	points := promql.Series{Metric: set}
	for _, at := range slices.Sorted(maps.Keys(samples)) {
		points.Floats = append(points.Floats, promql.FPoint{T: at, F: samples[at]})
	}
	return promql.NewStorageSeries(points)
}

// queryable lets the engine find series.
func queryable(series []storage.Series) storage.Queryable {
	find := func(_ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
		var found []storage.Series
		for _, candidate := range series {
			set := candidate.Labels()
			matches := func(matcher *labels.Matcher) bool { return matcher.Matches(set.Get(matcher.Name)) }
			if !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !matches(m) }) {
				found = append(found, candidate)
			}
		}
		return &seriesSet{series: found, at: -1}
	}
	return &storage.MockQueryable{MockQuerier: &storage.MockQuerier{SelectMockFunction: find}}
}

type seriesSet struct {
	series []storage.Series
	at     int
}

func (s *seriesSet) Next() bool                        { s.at++; return s.at < len(s.series) }
func (s *seriesSet) At() storage.Series                { return s.series[s.at] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

package monitoring

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"auroch/harness/datastore"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// families are what one scrape found, by name.
type families map[string]*dto.MetricFamily

func scrape(server *datastore.Server) (families, error) {
	for _, path := range []string{"/health", "/readyz", "/livez"} {
		if _, err := get(server, path); err != nil {
			return nil, err
		}
	}
	return get(server, "/metrics")
}

// get reads a page, and takes it for metrics if it says so.
func get(server *datastore.Server, path string) (families, error) {
	response, err := http.Get(server.Endpoint() + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", path, response.Status)
	}
	if path != "/metrics" {
		return nil, nil
	}
	if kind := response.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; version=0.0.4") {
		return nil, fmt.Errorf("%s is of the type %q", path, kind)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(response.Body)
}

func (f families) names() []string { return slices.Sorted(maps.Keys(f)) }

// labelNames are the names of the labels of a family's series.
func labelNames(family *dto.MetricFamily) []string {
	names := map[string]bool{}
	for _, metric := range family.Metric {
		for _, label := range metric.Label {
			names[label.GetName()] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// bounds are the upper bounds of a histogram's buckets.
func bounds(family *dto.MetricFamily) []float64 {
	var bounds []float64
	for _, bucket := range family.Metric[0].GetHistogram().GetBucket() {
		bounds = append(bounds, bucket.GetUpperBound())
	}
	return bounds
}

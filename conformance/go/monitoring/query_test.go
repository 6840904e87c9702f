package monitoring

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
)

var language = parser.NewParser(parser.Options{})

var engine = promql.NewEngine(promql.EngineOpts{
	MaxSamples:           1e6,
	Timeout:              time.Minute,
	LookbackDelta:        5 * time.Minute,
	EnableAtModifier:     true,
	EnableNegativeOffset: true,
	Parser:               language,
})

var series = sync.OnceValue(func() []storage.Series { return seriesOf(scrapes[:]) })

// ask evaluates a query at the time of the second scrape.
func ask(t *testing.T, query string) promql.Vector {
	t.Helper()
	asked, err := engine.NewInstantQuery(context.Background(), queryable(series()), nil, query, now)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer asked.Close()
	result := asked.Exec(context.Background())
	vector, err := result.Vector()
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return append(promql.Vector(nil), vector...)
}

// saysSomething is whether a number is among the answers.
func saysSomething(vector promql.Vector) bool {
	for _, sample := range vector {
		if !math.IsNaN(sample.F) {
			return true
		}
	}
	return false
}

// selected are the names of the metrics that a query selects.
func selected(t *testing.T, query string) []string {
	t.Helper()
	expr, err := language.ParseExpr(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var names []string
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			for _, matcher := range selector.LabelMatchers {
				if matcher.Name == labels.MetricName {
					names = append(names, matcher.Value)
				}
			}
		}
		return nil
	})
	return names
}

// isReference is whether the server under test is etcd itself, which has none of our own metrics.
func isReference() bool { return scrapes[0]["auroch_build_info"] == nil }

// readsOurs is whether a query asks for what etcd does not have.
func readsOurs(t *testing.T, query string) bool {
	ours := func(name string) bool { return strings.HasPrefix(name, "auroch_") }
	return slices.ContainsFunc(selected(t, query), ours)
}

// isScraped is whether there are series of this name.
func isScraped(name string) bool {
	for _, s := range series() {
		if s.Labels().Get(labels.MetricName) == name {
			return true
		}
	}
	return false
}

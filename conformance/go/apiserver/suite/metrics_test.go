package suite

import (
	"bytes"
	"fmt"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// samples are kube-apiserver's metrics of one scrape.
type samples map[string]*dto.MetricFamily

func (e *env) scrape() samples {
	e.Helper()
	text, err := e.kube.CoreV1().RESTClient().Get().AbsPath("/metrics").SetHeader("Accept", "text/plain").DoRaw(e.ctx)
	e.must(err)
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	e.must(err)
	return families
}

// sum adds up the counters of a name that carry all of these labels, given as
// name, value, name, value.
func (s samples) sum(name string, labels ...string) float64 {
	total := 0.0
	for _, m := range s[name].GetMetric() {
		if carries(m, labels) {
			total += m.GetCounter().GetValue()
		}
	}
	return total
}

func carries(m *dto.Metric, labels []string) bool {
	have := map[string]string{}
	for _, l := range m.GetLabel() {
		have[l.GetName()] = l.GetValue()
	}
	for i := 0; i < len(labels); i += 2 {
		if have[labels[i]] != labels[i+1] {
			return false
		}
	}
	return true
}

const (
	requests         = "etcd_requests_total"
	handled          = "grpc_client_handled_total"
	consistencyCheck = "apiserver_storage_consistency_checks_total"
	consistentRead   = "apiserver_watch_cache_consistent_read_total"
	decodeErrors     = "apiserver_storage_decode_errors_total"
)

func metricsTellOfNoFault(e *env) {
	config := e.cluster.Cell.Config
	if config.WatchCache {
		e.awaitConsistencyChecks()
	}
	now := e.scrape()
	if used := now.sum(requests, "operation", "listStream") > 0; used != config.RangeStream {
		e.Errorf("lists were streamed: %v, want %v", used, config.RangeStream)
	}
	if n := now.sum(handled, "grpc_code", "Unimplemented"); n > 0 {
		e.Errorf("the store refused %v calls as unimplemented", n)
	}
	if n := now.sum(consistencyCheck, "status", "failure"); n > 0 {
		e.Errorf("%v caches differed from the store", n)
	}
	if n := now.sum(decodeErrors); n > 0 {
		e.Errorf("%v objects could not be decoded", n)
	}
	// While the store was away some may have gone past the cache. If most did, the
	// store does not answer requests for progress.
	fromCache, pastCache := now.sum(consistentRead, "fallback", "false"), now.sum(consistentRead, "fallback", "true")
	if config.WatchCache && fromCache <= pastCache {
		e.Errorf("%v consistent reads were answered by the cache, %v past it", fromCache, pastCache)
	}
	e.Logf("listStream %v, list %v, consistent reads from the cache %v, past it %v",
		now.sum(requests, "operation", "listStream"), now.sum(requests, "operation", "list"), fromCache, pastCache)
}

// awaitConsistencyChecks waits until a cache that saw all of the load has been
// compared with the store: of two more checks, one began after now.
func (e *env) awaitConsistencyChecks() {
	e.Helper()
	checks := func() float64 {
		return e.scrape().sum(consistencyCheck, "resource", "configmaps", "status", "success")
	}
	want := checks() + 2
	e.eventually(func() string {
		if got := checks(); got < want {
			return fmt.Sprintf("the cache of config maps was compared %v times, waiting for %v", got, want)
		}
		return ""
	})
}

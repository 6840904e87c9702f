package suite

import (
	"testing"

	"k8s.io/apiserver/pkg/features"
	storagetesting "k8s.io/apiserver/pkg/storage/testing"
	"k8s.io/component-base/featuregate"
)

// check is one contract in one configuration.
type check struct {
	name string
	run  func(t *testing.T)
}

// plain is a check whose contract needs nothing but a store.
func plain(name string, contract func(t *testing.T, f *fixture), opts ...option) check {
	return check{name, func(t *testing.T) { contract(t, newFixture(t, opts...)) }}
}

// gated is a check with one feature gate set.
func gated(name string, gt featuregate.Feature, on bool, contract func(t *testing.T, f *fixture)) check {
	return check{name, func(t *testing.T) {
		gate(t, gt, on)
		contract(t, newFixture(t))
	}}
}

// unsafeDelete is a check that deletes an object which cannot be read back. The
// contract gets the switch that makes reads fail.
func unsafeDelete(name string, viaCodec bool, contract func(t *testing.T, f *fixture, fail func(bool))) check {
	return check{name, func(t *testing.T) {
		gate(t, features.AllowUnsafeMalformedObjectDeletion, true)
		if viaCodec {
			c := &failingCodec{Codec: jsonCodec}
			contract(t, newFixture(t, withCodec(c)), c.set)
			return
		}
		tr := &failingTransformer{Transformer: storagetesting.NewPrefixTransformer([]byte(valuePrefix), false)}
		contract(t, newFixture(t, withTransformer(tr)), tr.set)
	}}
}

// streamed checks that RangeStream was used if and only if its gate is on. A
// server without it would otherwise pass by the client's fallback.
func streamed(t *testing.T, f *fixture, on bool) {
	t.Helper()
	switch n := f.kv.GetStreamReadsAndReset(); {
	case on && n == 0:
		t.Error("no list was served by RangeStream")
	case !on && n > 0:
		t.Errorf("%d RangeStream calls with the gate off", n)
	}
}

// TestDirect runs the contracts on the etcd3 store itself.
func TestDirect(t *testing.T) {
	for _, group := range [][]check{storeObjects, storeLists, storeWatches} {
		for _, c := range group {
			t.Run(c.name, c.run)
		}
	}
}

package suite

import (
	"context"
	"testing"

	"k8s.io/apiserver/pkg/features"
)

// behind is a check whose contract runs through the watch cache.
func behind(name string, contract func(t *testing.T, c *cached), opts ...option) check {
	return check{name, func(t *testing.T) { contract(t, newCached(t, opts...)) }}
}

func unchecked(context.Context, *testing.T, string) {}

func uncounted(*testing.T, uint64, uint64) {}

// listed is a check with the gate of the cache's snapshots set.
func listed(name string, snapshot bool, contract func(t *testing.T, c *cached)) check {
	return check{name, func(t *testing.T) {
		gate(t, features.ListFromCacheSnapshot, snapshot)
		contract(t, newCached(t))
	}}
}

// TestCached runs the contracts through the watch cache, which adds consistent
// reads that rely on watch progress, snapshots and WatchList. WatchFromZero is
// not among them: it compacts the cache's private history, which only
// Kubernetes' own package can do.
func TestCached(t *testing.T) {
	for _, group := range [][]check{cachedObjects, cachedLists, cachedWatches} {
		for _, c := range group {
			t.Run(c.name, c.run)
		}
	}
}

package suite

import (
	"context"
	"testing"
	"time"

	"k8s.io/apiserver/pkg/features"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/etcd3"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
)

const (
	// The store watches compact_rev_key and learns of a compaction at once.
	storeLearnsWithin = 15 * time.Second
	// The watch cache asks the store every 15 seconds.
	cacheLearnsWithin = 40 * time.Second
)

// compactServer does as kube-apiserver does, a compare-and-put on
// compact_rev_key and then Compact, until it wins at the resource version.
func (f *fixture) compactServer(ctx context.Context, t *testing.T, rv string) int64 {
	t.Helper()
	want, err := storage.APIObjectVersioner{}.ParseResourceVersion(rv)
	if err != nil {
		t.Fatal(err)
	}
	var version, done int64
	for range 5 {
		version, _, done, err = etcd3.Compact(ctx, f.client.Client, version, int64(want))
		if err == nil && done == int64(want) {
			return done
		}
	}
	t.Fatalf("compact at %d: compacted=%d err=%v", want, done, err)
	return 0
}

// compact also waits until the store has seen the compaction.
func (f *fixture) compact(ctx context.Context, t *testing.T, rv string) {
	t.Helper()
	awaitCompactRevision(t, f, f.compactServer(ctx, t, rv), storeLearnsWithin)
}

// compact also waits until the cache has dropped its snapshots.
func (c *cached) compact(ctx context.Context, t *testing.T, rv string) {
	t.Helper()
	awaitCompactRevision(t, c, c.below.compactServer(ctx, t, rv), cacheLearnsWithin)
}

func awaitCompactRevision(t *testing.T, s storage.Interface, want int64, limit time.Duration) {
	t.Helper()
	if !utilfeature.DefaultFeatureGate.Enabled(features.ListFromCacheSnapshot) {
		return // nobody watches compact_rev_key then
	}
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if s.CompactRevision() == want {
			return
		}
	}
	t.Fatalf("CompactRevision()=%d after %v, want %d", s.CompactRevision(), limit, want)
}

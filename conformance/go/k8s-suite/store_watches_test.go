package suite

import (
	"testing"

	"k8s.io/apiserver/pkg/features"
	storagetesting "k8s.io/apiserver/pkg/storage/testing"
)

var storeWatches = []check{
	plain("Watch", func(t *testing.T, f *fixture) { storagetesting.RunTestWatch(f.ctx, t, f) }),
	plain("ClusterScopedWatch", func(t *testing.T, f *fixture) { storagetesting.RunTestClusterScopedWatch(f.ctx, t, f) }),
	plain("NamespaceScopedWatch", func(t *testing.T, f *fixture) { storagetesting.RunTestNamespaceScopedWatch(f.ctx, t, f) }),
	plain("DeleteTriggerWatch", func(t *testing.T, f *fixture) { storagetesting.RunTestDeleteTriggerWatch(f.ctx, t, f) }),
	plain("WatchFromZero", func(t *testing.T, f *fixture) { storagetesting.RunTestWatchFromZero(f.ctx, t, f, f.compact) }),
	plain("WatchFromNonZero", func(t *testing.T, f *fixture) { storagetesting.RunTestWatchFromNonZero(f.ctx, t, f) }),
	plain("DelayedWatchDelivery", func(t *testing.T, f *fixture) { storagetesting.RunTestDelayedWatchDelivery(f.ctx, t, f) }),
	plain("WatchError", func(t *testing.T, f *fixture) { storagetesting.RunTestWatchError(f.ctx, t, f) }),
	plain("WatchContextCancel", func(t *testing.T, f *fixture) { storagetesting.RunTestWatchContextCancel(f.ctx, t, f) }),
	plain("WatcherTimeout", func(t *testing.T, f *fixture) { storagetesting.RunTestWatcherTimeout(f.ctx, t, f) }),
	plain("WatchDeleteEventObjectHaveLatestRV", func(t *testing.T, f *fixture) {
		storagetesting.RunTestWatchDeleteEventObjectHaveLatestRV(f.ctx, t, f)
	}),
	plain("WatchInitializationSignal", func(t *testing.T, f *fixture) {
		storagetesting.RunTestWatchInitializationSignal(f.ctx, t, f)
	}),
	plain("ProgressNotify", func(t *testing.T, f *fixture) {
		storagetesting.RunOptionalTestProgressNotify(f.ctx, t, f, f.bumpRevision)
	}),
	gated("WatchWithUnsafeDelete", features.AllowUnsafeMalformedObjectDeletion, true, func(t *testing.T, f *fixture) {
		storagetesting.RunTestWatchWithUnsafeDelete(f.ctx, t, f, corruptError(t))
	}),
	plain("WatchDispatchBookmarkEvents", func(t *testing.T, f *fixture) {
		storagetesting.RunTestWatchDispatchBookmarkEvents(f.ctx, t, f, false)
	}),
	plain("SendInitialEventsBackwardCompatibility", func(t *testing.T, f *fixture) {
		storagetesting.RunSendInitialEventsBackwardCompatibility(f.ctx, t, f)
	}),
	gated("WatchSemantics/RangeStream=false", features.EtcdRangeStream, false, func(t *testing.T, f *fixture) {
		storagetesting.RunWatchSemantics(f.ctx, t, f)
	}),
	gated("WatchSemantics/RangeStream=true", features.EtcdRangeStream, true, func(t *testing.T, f *fixture) {
		storagetesting.RunWatchSemantics(f.ctx, t, f)
		t.Cleanup(func() { streamed(t, f, true) })
	}),
	gated("WatchSemantics/ConcurrentDecode=false", features.ConcurrentWatchObjectDecode, false, func(t *testing.T, f *fixture) {
		storagetesting.RunWatchSemantics(f.ctx, t, f)
	}),
	gated("WatchSemanticInitialEventsExtended/RangeStream=false", features.EtcdRangeStream, false, func(t *testing.T, f *fixture) {
		storagetesting.RunWatchSemanticInitialEventsExtended(f.ctx, t, f)
	}),
	gated("WatchSemanticInitialEventsExtended/RangeStream=true", features.EtcdRangeStream, true, func(t *testing.T, f *fixture) {
		storagetesting.RunWatchSemanticInitialEventsExtended(f.ctx, t, f)
	}),
	gated("WatchListMatchSingle/RangeStream=false", features.EtcdRangeStream, false, func(t *testing.T, f *fixture) {
		storagetesting.RunWatchListMatchSingle(f.ctx, t, f)
	}),
	gated("WatchListMatchSingle/RangeStream=true", features.EtcdRangeStream, true, func(t *testing.T, f *fixture) {
		storagetesting.RunWatchListMatchSingle(f.ctx, t, f)
	}),
	plain("WatchErrorIsBlockingFurtherEvents", func(t *testing.T, f *fixture) {
		storagetesting.RunWatchErrorIsBlockingFurtherEvents(f.ctx, t, f)
	}),
}

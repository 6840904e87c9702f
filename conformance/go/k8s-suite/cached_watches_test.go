package suite

import (
	"context"
	"testing"

	storagetesting "k8s.io/apiserver/pkg/storage/testing"
)

var cachedWatches = []check{
	behind("Watch", func(t *testing.T, c *cached) { storagetesting.RunTestWatch(context.Background(), t, c) }),
	behind("DeleteTriggerWatch", func(t *testing.T, c *cached) { storagetesting.RunTestDeleteTriggerWatch(t.Context(), t, c) }),
	behind("WatchFromNonZero", func(t *testing.T, c *cached) { storagetesting.RunTestWatchFromNonZero(t.Context(), t, c) }),
	behind("DelayedWatchDelivery", func(t *testing.T, c *cached) { storagetesting.RunTestDelayedWatchDelivery(t.Context(), t, c) }),
	behind("WatcherTimeout", func(t *testing.T, c *cached) { storagetesting.RunTestWatcherTimeout(t.Context(), t, c) }),
	behind("WatchDeleteEventObjectHaveLatestRV", func(t *testing.T, c *cached) {
		storagetesting.RunTestWatchDeleteEventObjectHaveLatestRV(t.Context(), t, c)
	}),
	behind("WatchInitializationSignal", func(t *testing.T, c *cached) {
		storagetesting.RunTestWatchInitializationSignal(t.Context(), t, c)
	}),
	behind("ClusterScopedWatch", func(t *testing.T, c *cached) {
		storagetesting.RunTestClusterScopedWatch(context.Background(), t, c)
	}, withClusterKeys, withIndexes),
	behind("NamespaceScopedWatch", func(t *testing.T, c *cached) {
		storagetesting.RunTestNamespaceScopedWatch(context.Background(), t, c)
	}, withIndexes),
	behind("WatchDispatchBookmarkEvents", func(t *testing.T, c *cached) {
		storagetesting.RunTestWatchDispatchBookmarkEvents(t.Context(), t, c, true)
	}),
	behind("WatchBookmarksWithCorrectResourceVersion", func(t *testing.T, c *cached) {
		storagetesting.RunTestOptionalWatchBookmarksWithCorrectResourceVersion(t.Context(), t, c)
	}),
	behind("SendInitialEventsBackwardCompatibility", func(t *testing.T, c *cached) {
		storagetesting.RunSendInitialEventsBackwardCompatibility(t.Context(), t, c)
	}),
	behind("WatchSemantics", func(t *testing.T, c *cached) {
		c.awaitCreate = true
		storagetesting.RunWatchSemantics(context.Background(), t, c)
	}),
	behind("WatchSemanticInitialEventsExtended", func(t *testing.T, c *cached) {
		c.awaitCreate = true
		storagetesting.RunWatchSemanticInitialEventsExtended(context.Background(), t, c)
	}),
	behind("WatchListMatchSingle", func(t *testing.T, c *cached) {
		c.awaitCreate = true
		storagetesting.RunWatchListMatchSingle(context.Background(), t, c)
	}),
}

package suite

import (
	"context"
	"testing"

	"k8s.io/apiserver/pkg/features"
	storagetesting "k8s.io/apiserver/pkg/storage/testing"
	"k8s.io/apiserver/pkg/storage/value/encrypt/identity"
)

var cachedLists = []check{
	listed("List/Snapshot=true", true, func(t *testing.T, c *cached) {
		storagetesting.RunTestList(context.Background(), t, c, c.compact, true, c.below.lists)
	}),
	listed("List/Snapshot=false", false, func(t *testing.T, c *cached) {
		storagetesting.RunTestList(context.Background(), t, c, c.compact, true, c.below.lists)
	}),
	listed("ConsistentList/Snapshot=true", true, func(t *testing.T, c *cached) {
		storagetesting.RunTestConsistentList(t.Context(), t, c, c.below.bumpRevision, true, true, true)
	}),
	listed("ConsistentList/Snapshot=false", false, func(t *testing.T, c *cached) {
		storagetesting.RunTestConsistentList(t.Context(), t, c, c.below.bumpRevision, true, true, false)
	}),
	listed("GetListNonRecursive/Snapshot=true", true, func(t *testing.T, c *cached) {
		storagetesting.RunTestGetListNonRecursive(context.Background(), t, c.below.bumpRevision, c)
	}),
	listed("GetListNonRecursive/Snapshot=false", false, func(t *testing.T, c *cached) {
		storagetesting.RunTestGetListNonRecursive(context.Background(), t, c.below.bumpRevision, c)
	}),
	listed("CompactRevision", true, func(t *testing.T, c *cached) {
		storagetesting.RunTestCompactRevision(t.Context(), t, c, c.below.bumpRevision, c.compact)
	}),
	behind("GetListRecursivePrefix", func(t *testing.T, c *cached) {
		storagetesting.RunTestGetListRecursivePrefix(context.Background(), t, c)
	}),
	behind("ListPaging", func(t *testing.T, c *cached) { storagetesting.RunTestListPaging(t.Context(), t, c) }),
	behind("ListContinuation", func(t *testing.T, c *cached) { storagetesting.RunTestListContinuation(t.Context(), t, c, uncounted) }),
	behind("ListPaginationRareObject", func(t *testing.T, c *cached) {
		storagetesting.RunTestListPaginationRareObject(t.Context(), t, c, uncounted)
	}),
	behind("ListContinuationWithFilter", func(t *testing.T, c *cached) {
		storagetesting.RunTestListContinuationWithFilter(t.Context(), t, c, uncounted)
	}),
	behind("NamespaceScopedList", func(t *testing.T, c *cached) {
		storagetesting.RunTestNamespaceScopedList(context.Background(), t, c)
	}, withIndexes),
	{"Stats/Size=true", func(t *testing.T) {
		gate(t, features.SizeBasedListCostEstimate, true)
		c := newCached(t)
		storagetesting.RunTestStats(t.Context(), t, c, protoCodec, identity.NewEncryptCheckTransformer(), true)
	}},
	{"Stats/Size=false", func(t *testing.T) {
		gate(t, features.SizeBasedListCostEstimate, false)
		c := newCached(t)
		storagetesting.RunTestStats(t.Context(), t, c, protoCodec, identity.NewEncryptCheckTransformer(), false)
	}},
	behind("KeySchema", func(t *testing.T, c *cached) { storagetesting.RunTestKeySchema(t.Context(), t, c) }),
}

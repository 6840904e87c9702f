package suite

import (
	"testing"

	"k8s.io/apiserver/pkg/features"
	"k8s.io/apiserver/pkg/storage/etcd3"
	storagetesting "k8s.io/apiserver/pkg/storage/testing"
)

// Lists go through unary Range or through RangeStream, as the gate says.
var storeLists = []check{
	gated("List/RangeStream=false", features.EtcdRangeStream, false, func(t *testing.T, f *fixture) {
		storagetesting.RunTestList(f.ctx, t, f, f.compact, false, f.lists)
		t.Cleanup(func() { streamed(t, f, false) })
	}),
	gated("List/RangeStream=true", features.EtcdRangeStream, true, func(t *testing.T, f *fixture) {
		storagetesting.RunTestList(f.ctx, t, f, f.compact, false, f.lists)
		t.Cleanup(func() { streamed(t, f, true) })
	}),
	gated("ConsistentList/RangeStream=false", features.EtcdRangeStream, false, func(t *testing.T, f *fixture) {
		storagetesting.RunTestConsistentList(f.ctx, t, f, f.bumpRevision, false, true, false)
	}),
	gated("ConsistentList/RangeStream=true", features.EtcdRangeStream, true, func(t *testing.T, f *fixture) {
		storagetesting.RunTestConsistentList(f.ctx, t, f, f.bumpRevision, false, true, false)
		streamed(t, f, true)
	}),
	plain("GetListNonRecursive", func(t *testing.T, f *fixture) {
		storagetesting.RunTestGetListNonRecursive(f.ctx, t, f.bumpRevision, f)
	}),
	plain("GetListRecursivePrefix", func(t *testing.T, f *fixture) { storagetesting.RunTestGetListRecursivePrefix(f.ctx, t, f) }),
	plain("ListPaging", func(t *testing.T, f *fixture) { storagetesting.RunTestListPaging(f.ctx, t, f) }),
	gated("ListContinuation", features.ListFromCacheSnapshot, false, func(t *testing.T, f *fixture) {
		storagetesting.RunTestListContinuation(f.ctx, t, f, f.countCalls)
	}),
	gated("ListPaginationRareObject", features.ListFromCacheSnapshot, false, func(t *testing.T, f *fixture) {
		storagetesting.RunTestListPaginationRareObject(f.ctx, t, f, f.countCalls)
	}),
	gated("ListContinuationWithFilter", features.ListFromCacheSnapshot, false, func(t *testing.T, f *fixture) {
		storagetesting.RunTestListContinuationWithFilter(f.ctx, t, f, f.countCalls)
	}),
	plain("ListInconsistentContinuation", func(t *testing.T, f *fixture) {
		storagetesting.RunTestListInconsistentContinuation(f.ctx, t, f, f.compact)
	}),
	plain("ListResourceVersionMatch", func(t *testing.T, f *fixture) { storagetesting.RunTestListResourceVersionMatch(f.ctx, t, f) }),
	plain("NamespaceScopedList", func(t *testing.T, f *fixture) { storagetesting.RunTestNamespaceScopedList(f.ctx, t, f) }),
	{"ListErrorAggregation", func(t *testing.T) {
		gate(t, features.AllowUnsafeMalformedObjectDeletion, true)
		f := newFixture(t)
		s := &overriding{Interface: etcd3.NewStoreWithUnsafeCorruptObjectDeletion(f.Interface, podsGR), fixture: f}
		storagetesting.RunTestGetListWithErrorAggregation(f.ctx, t, s, corruptError(t))
	}},
	gated("ListNoErrorAggregation", features.AllowUnsafeMalformedObjectDeletion, false, func(t *testing.T, f *fixture) {
		storagetesting.RunTestGetListWithoutErrorAggregation(f.ctx, t, f, corruptError(t))
	}),
	gated("CompactRevision", features.ListFromCacheSnapshot, true, func(t *testing.T, f *fixture) {
		storagetesting.RunTestCompactRevision(f.ctx, t, f, f.bumpRevision, f.compact)
	}),
	plain("KeySchema", func(t *testing.T, f *fixture) { storagetesting.RunTestKeySchema(f.ctx, t, f) }),
	plain("Stats/Size=true", func(t *testing.T, f *fixture) {
		if err := f.EnableResourceSizeEstimation(f.keys); err != nil {
			t.Fatal(err)
		}
		storagetesting.RunTestStats(f.ctx, t, f, f.codec, f.swap, true)
	}),
	plain("Stats/Size=false", func(t *testing.T, f *fixture) {
		storagetesting.RunTestStats(f.ctx, t, f, f.codec, f.swap, false)
	}),
}

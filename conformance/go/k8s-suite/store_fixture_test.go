package suite

import (
	"context"
	"fmt"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/kubernetes"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/apis/example"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/etcd3"
	etcdfeature "k8s.io/apiserver/pkg/storage/feature"
	storagetesting "k8s.io/apiserver/pkg/storage/testing"
	"k8s.io/apiserver/pkg/storage/value"
	"k8s.io/utils/clock"
)

type options struct {
	codec       runtime.Codec
	transformer value.Transformer
	pathPrefix  string
	clusterKeys bool
	indexed     bool
}

type option func(*options)

func withCodec(c runtime.Codec) option            { return func(o *options) { o.codec = c } }
func withTransformer(tr value.Transformer) option { return func(o *options) { o.transformer = tr } }
func withClusterKeys(o *options)                  { o.clusterKeys = true }
func withIndexes(o *options)                      { o.indexed = true }

// fixture is one etcd3 store on a server of its own.
type fixture struct {
	storage.Interface

	ctx    context.Context
	client *kubernetes.Client
	kv     *storagetesting.KVRecorder
	lists  *storagetesting.KubernetesRecorder
	codec  runtime.Codec
	base   *storagetesting.PrefixTransformer
	swap   *swapTransformer
	keys   storage.KeysFunc
}

func newFixture(t testing.TB, opts ...option) *fixture {
	t.Helper()
	o := options{codec: jsonCodec}
	for _, fn := range opts {
		fn(&o)
	}
	forgetServerFeatures(t)

	client := connect(t)
	f := &fixture{ctx: context.Background(), client: client, codec: o.codec}
	f.lists = storagetesting.NewKubernetesRecorder(client.Kubernetes)
	f.kv = storagetesting.NewKVRecorder(client.KV, f.lists)
	client.KV, client.Kubernetes = f.kv, f.lists

	inner := o.transformer
	if inner == nil {
		f.base = storagetesting.NewPrefixTransformer([]byte(valuePrefix), false)
		inner = f.base
	}
	f.swap = newSwap(inner)
	f.keys = func(ctx context.Context) ([]string, error) { return f.storedKeys(ctx, o.pathPrefix+"/pods/") }
	f.Interface = newStore(t, f, o)
	f.waitForServerFeatures()
	return f
}

func newStore(t testing.TB, f *fixture, o options) storage.Interface {
	t.Helper()
	lease := etcd3.NewDefaultLeaseManagerConfig()
	// A lease is granted for longer than asked for by the time it may be reused;
	// the contracts do not wait that much longer.
	lease.ReuseDurationSeconds = 1
	versioner := storage.APIObjectVersioner{}
	compactor := etcd3.NewCompactor(f.client.Client, 0, clock.RealClock{}, nil)
	t.Cleanup(compactor.Stop)
	store, err := etcd3.New(f.client, compactor, o.codec, newPod, newPodList, o.pathPrefix, "/pods/", podsGR,
		f.swap, lease, etcd3.NewDefaultDecoder(o.codec, versioner), versioner)
	if err != nil {
		t.Fatalf("etcd3.New: %v", err)
	}
	t.Cleanup(store.Close)
	return store
}

// waitForServerFeatures lets the probe of the server's version finish, which
// runs in the background and decides on consistent reads from cache.
func (f *fixture) waitForServerFeatures() {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if etcdfeature.DefaultFeatureSupportChecker.Supports(storage.RequestWatchProgress) {
			return
		}
	}
}

func (f *fixture) storedKeys(ctx context.Context, prefix string) ([]string, error) {
	resp, err := f.client.KV.Get(ctx, prefix, clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		return nil, err
	}
	keys := make([]string, 0, len(resp.Kvs))
	for _, kv := range resp.Kvs {
		keys = append(keys, string(kv.Key))
	}
	return keys, nil
}

// UpdatePrefixTransformer implements storagetesting.InterfaceWithPrefixTransformer.
func (f *fixture) UpdatePrefixTransformer(modify storagetesting.PrefixTransformerModifier) func() {
	copied := *f.base
	return f.swap.replace(modify(&copied))
}

// UpdateTransformer implements storagetesting.InterfaceWithTransformerOverride.
func (f *fixture) UpdateTransformer(modify storagetesting.TransformerModifier) func() {
	return f.swap.replace(modify(f.swap.get()))
}

// storedCleanly checks what reached the server: it must decode, and must carry
// neither resourceVersion nor selfLink, which belong to the answer alone.
func (f *fixture) storedCleanly(ctx context.Context, t *testing.T, key string) {
	resp, err := f.client.KV.Get(ctx, key)
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	if len(resp.Kvs) != 1 {
		t.Fatalf("get %q: %d keys", key, len(resp.Kvs))
	}
	obj, err := runtime.Decode(f.codec, resp.Kvs[0].Value[len(valuePrefix):])
	if err != nil {
		t.Fatalf("stored value does not decode: %v", err)
	}
	pod := obj.(*example.Pod)
	if pod.ResourceVersion != "" || pod.SelfLink != "" {
		t.Errorf("stored object carries resourceVersion=%q selfLink=%q", pod.ResourceVersion, pod.SelfLink)
	}
}

// bumpRevision moves the revision without touching the contract's keys.
func (f *fixture) bumpRevision(ctx context.Context, t *testing.T) int64 {
	resp, err := f.client.KV.Put(ctx, "/bump", fmt.Sprint(time.Now().UnixNano()))
	if err != nil {
		t.Fatalf("bump revision: %v", err)
	}
	return resp.Header.Revision
}

// maxPage is where kube-apiserver stops doubling the size of its pages.
const maxPage = 10000

// countCalls checks how many values a paginated list decoded and how many range
// calls it took: with doubling pages, n objects take about log2(n/pageSize).
func (f *fixture) countCalls(t *testing.T, pageSize, objects uint64) {
	if got := f.base.GetReadsAndReset(); got != objects {
		t.Errorf("%d values transformed, want %d", got, objects)
	}
	want := uint64(1)
	if pageSize != 0 {
		for page, sum := pageSize, uint64(1); sum < objects; want++ {
			page = min(page*2, maxPage)
			sum += page
		}
	}
	if got := f.kv.GetReadsAndReset() + f.kv.GetStreamReadsAndReset(); got != want {
		t.Fatalf("%d range calls, want %d", got, want)
	}
}

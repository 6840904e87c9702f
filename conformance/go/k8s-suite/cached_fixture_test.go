package suite

import (
	"context"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/apis/example"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/cacher"
	"k8s.io/apiserver/pkg/storage/value/encrypt/identity"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"
)

// cached is the same store behind kube-apiserver's watch cache.
type cached struct {
	*cacher.CacheDelegator
	below *fixture
	// awaitCreate makes Create wait until the cache shows the object, which the
	// watch-semantics tests assume.
	awaitCreate bool
}

func newCached(t testing.TB, opts ...option) *cached {
	t.Helper()
	o := options{codec: protoCodec, transformer: identity.NewEncryptCheckTransformer(), pathPrefix: "/registry"}
	for _, fn := range opts {
		fn(&o)
	}
	below := newFixture(t, func(dst *options) { *dst = o })
	keyFunc := func(obj runtime.Object) (string, error) { return storage.NamespaceKeyFunc("/pods/", obj) }
	if o.clusterKeys {
		keyFunc = func(obj runtime.Object) (string, error) { return storage.NoNamespaceKeyFunc("/pods/", obj) }
	}
	cfg := cacher.Config{
		Storage:             below.Interface,
		Versioner:           storage.APIObjectVersioner{},
		GroupResource:       podsGR,
		EventsHistoryWindow: cacher.DefaultEventFreshDuration,
		ResourcePrefix:      "/pods/",
		KeyFunc:             keyFunc,
		GetAttrsFunc:        podAttrs,
		NewFunc:             newPod,
		NewListFunc:         newPodList,
		Indexers:            &cache.Indexers{},
		Codec:               o.codec,
		Clock:               clock.RealClock{},
	}
	if o.indexed {
		cfg.IndexerFuncs = storage.IndexerFuncs{"spec.nodeName": func(obj runtime.Object) string {
			return obj.(*example.Pod).Spec.NodeName
		}}
		cfg.Indexers = &cache.Indexers{
			"f:spec.nodeName":      func(obj any) ([]string, error) { return []string{obj.(*example.Pod).Spec.NodeName}, nil },
			"f:metadata.namespace": func(obj any) ([]string, error) { return []string{obj.(*example.Pod).Namespace}, nil },
		}
	}
	c, err := cacher.NewCacherFromConfig(cfg)
	if err != nil {
		t.Fatalf("NewCacherFromConfig: %v", err)
	}
	wait, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := c.Wait(wait); err != nil {
		c.Stop()
		t.Fatalf("watch cache did not initialise: %v", err)
	}
	d := cacher.NewCacheDelegator(c, below.Interface)
	t.Cleanup(func() { d.Stop(); c.Stop() })
	return &cached{CacheDelegator: d, below: below}
}

func (c *cached) Create(ctx context.Context, key string, obj, out runtime.Object, ttl uint64) error {
	if err := c.CacheDelegator.Create(ctx, key, obj, out, ttl); err != nil || !c.awaitCreate {
		return err
	}
	// A read at no older than the object blocks until the cache has it.
	acc, ok := out.(metav1.Object)
	if !ok {
		return fmt.Errorf("%T has no metadata", out)
	}
	return c.CacheDelegator.Get(ctx, key, storage.GetOptions{ResourceVersion: acc.GetResourceVersion()}, newPod())
}

package suite

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/etcd3"
	storagetesting "k8s.io/apiserver/pkg/storage/testing"
	"k8s.io/apiserver/pkg/storage/value"
	"k8s.io/apiserver/pkg/storage/value/encrypt/identity"
)

// swapTransformer lets a test replace the value transformer of a live store.
type swapTransformer struct {
	cur atomic.Pointer[value.Transformer]
}

func newSwap(tr value.Transformer) *swapTransformer {
	s := &swapTransformer{}
	s.cur.Store(&tr)
	return s
}

func (s *swapTransformer) get() value.Transformer { return *s.cur.Load() }

func (s *swapTransformer) replace(tr value.Transformer) (restore func()) {
	old := s.cur.Swap(&tr)
	return func() { s.cur.Store(old) }
}

func (s *swapTransformer) TransformFromStorage(ctx context.Context, data []byte, dc value.Context) ([]byte, bool, error) {
	return s.get().TransformFromStorage(ctx, data, dc)
}

func (s *swapTransformer) TransformToStorage(ctx context.Context, data []byte, dc value.Context) ([]byte, error) {
	return s.get().TransformToStorage(ctx, data, dc)
}

// failSwitch makes decoding or transforming fail on demand.
type failSwitch struct{ on atomic.Bool }

func (f *failSwitch) set(on bool) { f.on.Store(on) }

var errInjected = errors.New("injected failure")

type failingCodec struct {
	runtime.Codec
	failSwitch
}

func (c *failingCodec) Decode(data []byte, gvk *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	if c.on.Load() {
		return nil, nil, errInjected
	}
	return c.Codec.Decode(data, gvk, into)
}

type failingTransformer struct {
	value.Transformer
	failSwitch
}

func (f *failingTransformer) TransformFromStorage(ctx context.Context, data []byte, dc value.Context) ([]byte, bool, error) {
	if f.on.Load() {
		return nil, false, errInjected
	}
	return f.Transformer.TransformFromStorage(ctx, data, dc)
}

// corruptError obtains the store's own "corrupt object" error value, whose
// type is not exported, through the public decorator that produces it.
func corruptError(t testing.TB) error {
	t.Helper()
	bad := &failingTransformer{Transformer: identity.NewEncryptCheckTransformer()}
	bad.set(true)
	_, _, err := etcd3.WithCorruptObjErrorHandlingTransformer(bad).TransformFromStorage(context.Background(), []byte("x"), value.DefaultContext("x"))
	if err == nil {
		t.Fatal("no corrupt-object error produced")
	}
	return err
}

// valuePrefix is put in front of every stored value by the default transformer.
const valuePrefix = "kapi!"

// overriding is a decorated store together with the fixture whose transformer
// the contracts replace.
type overriding struct {
	storage.Interface
	fixture *fixture
}

func (o *overriding) UpdateTransformer(modify storagetesting.TransformerModifier) func() {
	return o.fixture.UpdateTransformer(modify)
}

package suite

import (
	"fmt"
	"maps"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/informers"
	listers "k8s.io/client-go/listers/core/v1"
)

// view is a client's picture of the namespace: the revision of each object.
type view map[string]string

func viewOf(items []corev1.ConfigMap) view {
	v := view{}
	for i := range items {
		v[items[i].Name] = items[i].ResourceVersion
	}
	return v
}

// follower is a client that keeps its picture by a watch.
type follower interface{ view() view }

// watcher lists once, and then watches, going on from the last event whenever a
// watch ends. It lists again only when it is told that history is gone.
type watcher struct {
	e  *env
	mu sync.Mutex
	// at is where the watch goes on; empty means by a list.
	seen  view
	at    string
	fault error
}

func startWatcher(e *env) *watcher {
	w := &watcher{e: e, seen: view{}}
	go func() {
		for e.ctx.Err() == nil {
			if err := w.follow(); err != nil {
				time.Sleep(50 * time.Millisecond) // the store is away
			}
		}
	}()
	return w
}

func (w *watcher) view() view {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.seen)
}

func (w *watcher) follow() error {
	if w.at == "" {
		list, err := w.e.configMaps().List(w.e.ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		w.mu.Lock()
		w.seen, w.at = viewOf(list.Items), list.ResourceVersion
		w.mu.Unlock()
	}
	in, err := w.e.configMaps().Watch(w.e.ctx, metav1.ListOptions{ResourceVersion: w.at, AllowWatchBookmarks: true})
	if err != nil {
		w.forgetIfGone(err)
		return err
	}
	defer in.Stop()
	for v := range in.ResultChan() {
		if err := w.apply(v); err != nil {
			w.forgetIfGone(err)
			return err
		}
	}
	return nil
}

func (w *watcher) forgetIfGone(err error) {
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		w.at = ""
	}
}

// apply takes over an event. One that is not newer than those before it would
// be a repetition or out of order.
func (w *watcher) apply(v watch.Event) error {
	if v.Type == watch.Error {
		return apierrors.FromObject(v.Object)
	}
	cm, is := v.Object.(*corev1.ConfigMap)
	if !is {
		return fmt.Errorf("the watch brought %T", v.Object)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	newer := newerVersion(cm.ResourceVersion, w.at)
	switch {
	case v.Type == watch.Bookmark:
		if !newer && cm.ResourceVersion != w.at {
			w.fault = fmt.Errorf("a bookmark at %s after revision %s", cm.ResourceVersion, w.at)
		}
	case !newer:
		w.fault = fmt.Errorf("%s of %s at %s after revision %s", v.Type, cm.Name, cm.ResourceVersion, w.at)
	case v.Type == watch.Deleted:
		delete(w.seen, cm.Name)
	default:
		w.seen[cm.Name] = cm.ResourceVersion
	}
	w.at = cm.ResourceVersion
	return w.fault
}

// newerVersion compares resource versions, which are numbers without leading zeros.
func newerVersion(a, b string) bool {
	if len(a) != len(b) {
		return len(a) > len(b)
	}
	return a > b
}

// informer is client-go's own follower.
type informer struct {
	lister listers.ConfigMapNamespaceLister
}

func startInformer(e *env) informer {
	factory := informers.NewSharedInformerFactoryWithOptions(e.kube, 0, informers.WithNamespace(e.ns))
	lister := factory.Core().V1().ConfigMaps().Lister()
	factory.Start(e.ctx.Done())
	factory.WaitForCacheSync(e.ctx.Done())
	return informer{lister.ConfigMaps(e.ns)}
}

func (i informer) view() view {
	v := view{}
	objects, err := i.lister.List(labels.Everything())
	if err != nil {
		panic(err) // it reads memory
	}
	for _, cm := range objects {
		v[cm.Name] = cm.ResourceVersion
	}
	return v
}

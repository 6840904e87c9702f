package suite

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// recorder notes every event that a client of one kube-apiserver sees of the
// config maps. It resumes behind the last one, and starts over with a list only
// where it is told that history is gone.
type recorder struct {
	e *env

	mu    sync.Mutex
	parts []part
	fault error
}

// part is a list and the events of the watches that went on from it.
type part struct {
	listed view
	from   int64
	at     int64 // the last event's or bookmark's revision
	events []event
}

func startRecorder(e *env) *recorder {
	r := &recorder{e: e}
	e.must(r.list())
	go func() {
		for e.ctx.Err() == nil {
			err := r.follow()
			if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
				err = r.list()
			}
			if err != nil {
				time.Sleep(50 * time.Millisecond) // kube-apiserver or the store is away
			}
		}
	}()
	return r
}

func (r *recorder) list() error {
	list, err := r.e.configMaps().List(r.e.ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var at int64
	if _, err := fmt.Sscan(list.ResourceVersion, &at); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.parts); n > 0 && at < r.parts[n-1].at {
		r.fault = fmt.Errorf("a list at revision %d after one at %d was seen", at, r.parts[n-1].at)
	}
	r.parts = append(r.parts, part{listed: viewOf(list.Items), from: at, at: at})
	return nil
}

func (r *recorder) follow() error {
	in, err := r.e.configMaps().Watch(r.e.ctx, metav1.ListOptions{
		ResourceVersion: fmt.Sprint(r.at()), AllowWatchBookmarks: true,
	})
	if err != nil {
		return err
	}
	defer in.Stop()
	for v := range in.ResultChan() {
		if err := r.take(v); err != nil {
			return err
		}
	}
	return nil
}

func (r *recorder) at() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.parts[len(r.parts)-1].at
}

func (r *recorder) take(v watch.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := &r.parts[len(r.parts)-1]
	got, counts, err := seen(v)
	switch {
	case err != nil:
		return err
	case counts:
		now.events, now.at = append(now.events, got), got.revision
	default:
		return r.bookmark(now, v.Object.(*corev1.ConfigMap).ResourceVersion)
	}
	return nil
}

func (r *recorder) bookmark(now *part, resourceVersion string) error {
	var at int64
	if _, err := fmt.Sscan(resourceVersion, &at); err != nil {
		return err
	}
	if at < now.at {
		r.fault = fmt.Errorf("a bookmark at %d after revision %d", at, now.at)
	}
	now.at = max(now.at, at)
	return nil
}

// reach waits until the watch is at a revision.
func (r *recorder) reach(revision int64) {
	r.e.Helper()
	r.e.eventually(func() string {
		if at := r.at(); at < revision {
			return fmt.Sprintf("a watch through kube-apiserver is at revision %d of %d", at, revision)
		}
		return ""
	})
}

// mustAgree compares all that was seen with the history of the store: each event
// of it once and in order, and where it was listed anew, the picture of then.
func (r *recorder) mustAgree(changes []change, upTo int64) {
	r.e.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fault != nil {
		r.e.Error(r.fault)
	}
	for i, p := range r.parts {
		if want := viewAt(changes, p.from); !maps.Equal(p.listed, want) {
			r.e.Errorf("a list at revision %d has %d objects, the store had %d", p.from, len(p.listed), len(want))
		}
		end := upTo
		if i < len(r.parts)-1 {
			end = p.at
		}
		want := slices.DeleteFunc(slices.Clone(changes), func(c change) bool { return c.revision <= p.from || c.revision > end })
		r.e.mustBe(p.events, want, end)
	}
}

// mustBe compares events of a watch up to a revision with the changes they tell of.
func (e *env) mustBe(got []event, want []change, end int64) {
	e.Helper()
	got = slices.DeleteFunc(slices.Clone(got), func(v event) bool { return v.revision > end })
	for i := range min(len(got), len(want)) {
		if g, w := got[i], want[i]; g.revision != w.revision || g.name != w.key || g.what != w.kind() {
			e.Fatalf("a watch told of %v, the store of %+v", g, w)
		}
	}
	if len(got) != len(want) {
		e.Fatalf("a watch told of %d changes, the store of %d", len(got), len(want))
	}
}

func (c change) kind() watch.EventType {
	switch {
	case c.deleted:
		return watch.Deleted
	case c.created:
		return watch.Added
	}
	return watch.Modified
}

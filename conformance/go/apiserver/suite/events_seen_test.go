package suite

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// event is what a watch tells of one change.
type event struct {
	what     watch.EventType
	name     string
	value    string
	revision int64
}

func (v event) String() string {
	return fmt.Sprintf("%s %s=%q@%d", v.what, v.name, v.value, v.revision)
}

// seen converts an event of config maps; ok is false for one that does not count.
func seen(v watch.Event) (got event, ok bool, err error) {
	if v.Type == watch.Error {
		return event{}, false, apierrors.FromObject(v.Object)
	}
	cm, is := v.Object.(*corev1.ConfigMap)
	if !is {
		return event{}, false, fmt.Errorf("a watch of config maps brought %T", v.Object)
	}
	if v.Type == watch.Bookmark {
		return event{}, false, nil
	}
	revision, err := strconv.ParseInt(cm.ResourceVersion, 10, 64)
	return event{v.Type, cm.Name, cm.Data["value"], revision}, err == nil, err
}

// take reads n events, and fails where they do not come.
func (e *env) take(w watch.Interface, n int) []event {
	e.Helper()
	got, err := e.collect(w, n)
	e.must(err)
	return got
}

// collect is take for code that runs beside the test.
func (e *env) collect(w watch.Interface, n int) ([]event, error) {
	got := make([]event, 0, n)
	for timeout := time.After(longEnough); len(got) < n; {
		select {
		case v, open := <-w.ResultChan():
			if !open {
				return got, fmt.Errorf("%w after %d of %d events", errWatchEnded, len(got), n)
			}
			one, ok, err := seen(v)
			if err != nil {
				return got, fmt.Errorf("after %d of %d events: %w", len(got), n, err)
			}
			if ok {
				got = append(got, one)
			}
		case <-timeout:
			return got, fmt.Errorf("%d of %d events came within %v", len(got), n, longEnough)
		}
	}
	return got, nil
}

// errWatchEnded says that kube-apiserver closed a watch. It may: a watcher
// that does not take its events at once, on a busy machine say, is cut off and
// has to resume.
var errWatchEnded = errors.New("the watch ended")

// collectResuming is collect for a watch from a revision on that is resumed,
// as every client does it, behind the last event seen.
func (e *env) collectResuming(from int64, n int) ([]event, error) {
	const resumes = 100
	var got []event
	var err error
	for range resumes {
		var w watch.Interface
		w, err = e.configMaps().Watch(e.ctx, metav1.ListOptions{ResourceVersion: fmt.Sprint(from)})
		if err != nil {
			return got, err
		}
		var part []event
		part, err = e.collect(w, n-len(got))
		w.Stop()
		got = append(got, part...)
		if !errors.Is(err, errWatchEnded) {
			return got, err
		}
		if len(part) > 0 {
			from = part[len(part)-1].revision
		}
	}
	return got, err
}

func (e *env) watchFrom(revision int64) watch.Interface {
	e.Helper()
	w, err := e.configMaps().Watch(e.ctx, metav1.ListOptions{ResourceVersion: fmt.Sprint(revision), AllowWatchBookmarks: true})
	e.must(err)
	return w
}

// history makes changes of all kinds and returns the events they must give,
// written down from the answers alone.
func (e *env) history(rounds int) []event {
	e.Helper()
	var want []event
	for i := range rounds {
		name := fmt.Sprint("object-", i%5)
		cm := e.create(name, fmt.Sprint(i))
		want = append(want, event{watch.Added, name, cm.Data["value"], e.revision(cm.ResourceVersion)})
		cm.Data["value"] += " again"
		cm, err := e.configMaps().Update(e.ctx, cm, metav1.UpdateOptions{})
		e.must(err)
		want = append(want, event{watch.Modified, name, cm.Data["value"], e.revision(cm.ResourceVersion)})
		// The answer to a deletion does not tell its revision.
		e.must(e.configMaps().Delete(e.ctx, name, metav1.DeleteOptions{}))
		want = append(want, event{watch.Deleted, name, cm.Data["value"], 0})
	}
	return want
}

// mustMatch compares events with what was written down.
func (e *env) mustMatch(got, want []event) {
	e.Helper()
	if len(got) != len(want) {
		e.Fatalf("%d events, want %d", len(got), len(want))
	}
	last := int64(0)
	for i, g := range got {
		w := want[i]
		if w.revision == 0 {
			w.revision = g.revision
		}
		if g != w || g.revision <= last {
			e.Fatalf("event %d is %v after revision %d, want %v", i, g, last, w)
		}
		last = g.revision
	}
}

package suite

import (
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"auroch/apiserver/cluster"
)

var watchScenarios = []scenario{
	{name: "a watch from any revision brings all that came after", run: watchBringsAllThatCameAfter},
	{name: "a watch that was cut resumes without loss", run: cutWatchResumes},
	{name: "a watch from a compacted revision is gone", run: compactedWatchIsGone},
	{name: "a watch with a selector sees objects come and go", run: selectorSeesComeAndGo},
	{name: "a streaming list ends at the current revision", run: streamingListEnds,
		in: func(c cluster.Config) bool { return c.WatchList }},
}

func watchBringsAllThatCameAfter(e *env) {
	before := e.revision(e.currentRevision())
	want := e.history(10)
	w := e.watchFrom(before)
	all := e.take(w, len(want))
	w.Stop()
	e.mustMatch(all, want)
	for i, from := range all[:len(all)-1] {
		w := e.watchFrom(from.revision)
		e.mustMatch(e.take(w, len(all)-i-1), all[i+1:])
		w.Stop()
	}
}

func cutWatchResumes(e *env) {
	before := e.revision(e.currentRevision())
	const rounds, atATime = 30, 7
	var want []event
	var writer sync.WaitGroup
	writer.Go(func() { want = e.history(rounds) })

	var got []event
	for from := before; len(got) < 3*rounds; from = got[len(got)-1].revision {
		w := e.watchFrom(from)
		got = append(got, e.take(w, min(atATime, 3*rounds-len(got)))...)
		w.Stop()
	}
	writer.Wait()
	e.mustMatch(got, want)
}

// Events are never cached, so their watches start in the store.
func compactedWatchIsGone(e *env) {
	then := e.createEvent("one").ResourceVersion
	e.create("one", "a")
	e.eventually(func() string {
		e.touch("one")
		w, err := e.kube.CoreV1().Events(e.ns).Watch(e.ctx, metav1.ListOptions{ResourceVersion: then})
		e.must(err)
		defer w.Stop()
		select {
		case v, open := <-w.ResultChan():
			if !open {
				return "the watch ended without a word"
			}
			if v.Type == watch.Error && apierrors.IsResourceExpired(apierrors.FromObject(v.Object)) {
				return ""
			}
			return fmt.Sprintf("the watch still brings %s", v.Type)
		case <-time.After(2 * time.Second):
			return "the watch brings nothing"
		}
	})
}

// Whether an object leaves the selection shows only by what it was before.
func selectorSeesComeAndGo(e *env) {
	from := e.currentRevision()
	e.create("one", "a")
	for _, labels := range []string{`{"in":"yes"}`, `{"in":"yes","more":"yes"}`, `{"in":null}`, `{"in":"yes"}`} {
		patch := `{"metadata":{"labels":` + labels + `}}`
		_, err := e.configMaps().Patch(e.ctx, "one", types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		e.must(err)
	}
	e.must(e.configMaps().Delete(e.ctx, "one", metav1.DeleteOptions{}))

	w, err := e.configMaps().Watch(e.ctx, metav1.ListOptions{ResourceVersion: from, LabelSelector: "in=yes"})
	e.must(err)
	defer w.Stop()
	want := []watch.EventType{watch.Added, watch.Modified, watch.Deleted, watch.Added, watch.Deleted}
	for i, got := range e.take(w, len(want)) {
		if got.what != want[i] {
			e.Errorf("event %d is %v, want %s", i, got, want[i])
		}
	}
}

func streamingListEnds(e *env) {
	all := e.createMany(50)
	last := e.revision(e.touch("object-000").ResourceVersion)
	yes := true
	w, err := e.configMaps().Watch(e.ctx, metav1.ListOptions{
		SendInitialEvents: &yes, AllowWatchBookmarks: true, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan})
	e.must(err)
	defer w.Stop()
	timeout := time.After(longEnough)
	for {
		select {
		case v, open := <-w.ResultChan():
			if !open {
				e.Fatal("the watch ended before the list did")
			}
			if v.Type != watch.Bookmark {
				got, _, err := seen(v)
				e.must(err)
				all.Delete(got.name)
				continue
			}
			end := v.Object.(metav1.Object)
			if end.GetAnnotations()[metav1.InitialEventsAnnotationKey] != "true" {
				continue
			}
			if at := e.revision(end.GetResourceVersion()); at < last || len(all) > 0 {
				e.Fatalf("the list ended at %d, the last write was at %d; missing: %v", at, last, all)
			}
			return
		case <-timeout:
			e.Fatalf("the list did not end within %v", longEnough)
		}
	}
}

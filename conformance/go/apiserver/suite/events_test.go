package suite

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/watch"

	"auroch/apiserver/cluster"
)

var eventScenarios = []scenario{
	{name: "events expire, each with one deletion", run: eventsExpire},
	{name: "an event that is renewed outlives its first lease", run: renewedEventOutlives},
}

// Clocks of two processes are compared, and leases count in whole seconds.
const leaseSlack = time.Second

func (e *env) createEvent(name string) *corev1.Event {
	e.Helper()
	got, err := e.kube.CoreV1().Events(e.ns).Create(e.ctx, &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: name},
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: e.ns, Name: "one"},
		Reason:         "Tested",
	}, metav1.CreateOptions{})
	e.must(err)
	return got
}

func (e *env) watchEvents() watch.Interface {
	e.Helper()
	list, err := e.kube.CoreV1().Events(e.ns).List(e.ctx, metav1.ListOptions{})
	e.must(err)
	w, err := e.kube.CoreV1().Events(e.ns).Watch(e.ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	e.must(err)
	e.Cleanup(w.Stop)
	return w
}

// deletion waits for the next event object to be deleted.
func (e *env) deletion(w watch.Interface) *corev1.Event {
	e.Helper()
	for timeout := time.After(longEnough); ; {
		select {
		case v, open := <-w.ResultChan():
			got, is := v.Object.(*corev1.Event)
			if !open || !is {
				e.Fatalf("the watch ended or failed: %v", v.Object)
			}
			if v.Type == watch.Deleted {
				return got
			}
		case <-timeout:
			e.Fatalf("no deletion came within %v", longEnough)
		}
	}
}

func eventsExpire(e *env) {
	const count = 100
	w := e.watchEvents()
	born := map[string]time.Time{}
	for i := range count {
		name := fmt.Sprint("event-", i)
		born[name] = time.Now()
		e.createEvent(name)
	}
	gone := sets.New[string]()
	for len(gone) < count {
		name := e.deletion(w).Name
		if gone.Has(name) {
			e.Fatalf("%s was deleted twice", name)
		}
		gone.Insert(name)
		if age := time.Since(born[name]); age < cluster.EventTTL-leaseSlack {
			e.Errorf("%s lived for %v only", name, age)
		}
	}
	left, err := e.kube.CoreV1().Events(e.ns).List(e.ctx, metav1.ListOptions{})
	e.must(err)
	if len(left.Items) != 0 {
		e.Fatalf("%d events are left", len(left.Items))
	}
}

// The renewed event hangs on a lease of its own; the end of the old one must
// leave it alone.
func renewedEventOutlives(e *env) {
	w := e.watchEvents()
	e.createEvent("renewed")
	first := e.leaseOf("renewed")
	time.Sleep(cluster.EventTTL / 2)
	renewed := time.Now()
	_, err := e.kube.CoreV1().Events(e.ns).Patch(e.ctx, "renewed", types.MergePatchType, []byte(`{"count":2}`), metav1.PatchOptions{})
	e.must(err)
	if e.leaseOf("renewed") == first {
		e.Fatal("the event has kept its lease")
	}
	if got := e.deletion(w); got.Count != 2 {
		e.Errorf("deleted with count %d", got.Count)
	}
	if age := time.Since(renewed); age < cluster.EventTTL-leaseSlack {
		e.Fatalf("the event lived for only %v after it was renewed", age)
	}
}

func (e *env) leaseOf(event string) int64 {
	e.Helper()
	resp, err := e.etcd.Get(e.ctx, "/registry/events/"+e.ns+"/"+event)
	e.must(err)
	if len(resp.Kvs) != 1 || resp.Kvs[0].Lease == 0 {
		e.Fatalf("%s is not stored under a lease", event)
	}
	return resp.Kvs[0].Lease
}

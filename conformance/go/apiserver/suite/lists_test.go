package suite

import (
	"fmt"
	"strconv"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/kubernetes/scheme"
)

var listScenarios = []scenario{
	{name: "a list shows every write that was acknowledged before it", run: listsShowAcknowledgedWrites},
	{name: "pages are the snapshot of the first page", run: pagesAreOneSnapshot},
	{name: "an exact list shows what was then", run: exactListShowsThePast},
	{name: "a list at a revision to come is refused", run: futureListIsRefused},
}

// The list comes from the cache, which has to ask the store how far it is.
func listsShowAcknowledgedWrites(e *env) {
	for i := range 30 {
		created := e.create(fmt.Sprint("object-", i), "a")
		list, err := e.configMaps().List(e.ctx, metav1.ListOptions{})
		e.must(err)
		if !names(list.Items).Has(created.Name) {
			e.Fatalf("%s is not in a list made after its creation", created.Name)
		}
		if e.revision(list.ResourceVersion) < e.revision(created.ResourceVersion) {
			e.Fatalf("a list at %s after a creation at %s", list.ResourceVersion, created.ResourceVersion)
		}
	}
}

func names(items []corev1.ConfigMap) sets.Set[string] {
	all := sets.New[string]()
	for i := range items {
		// kube-apiserver adds one of its own making to some namespaces.
		if items[i].Name != "kube-root-ca.crt" {
			all.Insert(items[i].Name)
		}
	}
	return all
}

// createMany creates objects and returns their names.
func (e *env) createMany(n int) sets.Set[string] {
	e.Helper()
	all := sets.New[string]()
	for i := range n {
		all.Insert(e.create(fmt.Sprintf("object-%03d", i), "a").Name)
	}
	return all
}

// Objects that the writer deletes must still come, those it adds must not.
func pagesAreOneSnapshot(e *env) {
	want := e.createMany(100)
	first, err := e.configMaps().List(e.ctx, metav1.ListOptions{Limit: 7})
	e.must(err)

	var writer sync.WaitGroup
	writer.Go(func() {
		for i := range 40 {
			if err := e.configMaps().Delete(e.ctx, fmt.Sprintf("object-%03d", 2*i), metav1.DeleteOptions{}); err != nil {
				e.Error(err)
			}
			if _, err := e.configMaps().Create(e.ctx, configMap(fmt.Sprintf("object-%03d-new", i), "b"), metav1.CreateOptions{}); err != nil {
				e.Error(err)
			}
		}
	})
	defer writer.Wait()

	got := names(first.Items)
	for page := first; page.Continue != ""; {
		if page.RemainingItemCount == nil || int(*page.RemainingItemCount) != len(want)-len(got) {
			e.Fatalf("after %d of %d objects, remainingItemCount is %v", len(got), len(want), page.RemainingItemCount)
		}
		page, err = e.configMaps().List(e.ctx, metav1.ListOptions{Limit: 7, Continue: page.Continue})
		e.must(err)
		if page.ResourceVersion != first.ResourceVersion {
			e.Fatalf("the first page is of %s, a later one of %s", first.ResourceVersion, page.ResourceVersion)
		}
		if again := got.Intersection(names(page.Items)); len(again) > 0 {
			e.Fatalf("listed twice: %v", again)
		}
		got = got.Union(names(page.Items))
	}
	if !got.Equal(want) {
		e.Fatalf("missing: %v; too many: %v", want.Difference(got), got.Difference(want))
	}
}

func exactListShowsThePast(e *env) {
	want := e.createMany(5)
	then := e.currentRevision()
	e.must(e.configMaps().Delete(e.ctx, "object-000", metav1.DeleteOptions{}))
	e.create("new", "b")
	got, err := e.configMaps().List(e.ctx, metav1.ListOptions{
		ResourceVersion: then, ResourceVersionMatch: metav1.ResourceVersionMatchExact})
	e.must(err)
	if !names(got.Items).Equal(want) || got.ResourceVersion != then {
		e.Fatalf("at %s: %v, asked for %s: %v", got.ResourceVersion, names(got.Items), then, want)
	}
}

// The refusal asks to try again, which the client would do for half a minute.
func futureListIsRefused(e *env) {
	future := strconv.FormatInt(e.revision(e.currentRevision())+1_000_000, 10)
	for _, match := range []metav1.ResourceVersionMatch{metav1.ResourceVersionMatchExact, metav1.ResourceVersionMatchNotOlderThan} {
		err := e.kube.CoreV1().RESTClient().Get().Namespace(e.ns).Resource("configmaps").MaxRetries(0).
			VersionedParams(&metav1.ListOptions{ResourceVersion: future, ResourceVersionMatch: match}, scheme.ParameterCodec).
			Do(e.ctx).Error()
		if !apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge) {
			e.Errorf("%s: got %v, want it refused as too large", match, err)
		}
	}
}

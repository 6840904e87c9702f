package suite

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var continueScenarios = []scenario{
	{name: "a list goes on after its revision is compacted", run: listGoesOnAfterCompaction},
	{name: "an exact list of a compacted revision is gone", run: compactedListIsGone},
}

// The objects stay the same all the time, so that pages of two revisions must
// still add up to each object once.
func listGoesOnAfterCompaction(e *env) {
	want := e.createMany(60)
	first, err := e.configMaps().List(e.ctx, metav1.ListOptions{Limit: 25})
	e.must(err)
	got := names(first.Items)

	// Phase 1: kube-apiserver compacts, and the token is refused with a new one.
	// The other scenarios, and this one's writes, move the revision on.
	fresh := ""
	e.eventually(func() string {
		e.touch("object-000")
		page, err := e.configMaps().List(e.ctx, metav1.ListOptions{Limit: 25, Continue: first.Continue})
		if err == nil {
			return "the token still works, giving the page of " + page.ResourceVersion
		}
		if !apierrors.IsResourceExpired(err) {
			e.Fatalf("got %v, want 410", err)
		}
		var status apierrors.APIStatus
		if !errors.As(err, &status) || status.Status().Continue == "" {
			e.Fatalf("410 without a new token: %v", err)
		}
		fresh = status.Status().Continue
		return ""
	})

	// Phase 2: the new token goes on where the first page ended.
	for token := fresh; token != ""; {
		page, err := e.configMaps().List(e.ctx, metav1.ListOptions{Limit: 25, Continue: token})
		e.must(err)
		if again := got.Intersection(names(page.Items)); len(again) > 0 {
			e.Fatalf("listed twice: %v", again)
		}
		got = got.Union(names(page.Items))
		token = page.Continue
	}
	if !got.Equal(want) {
		e.Fatalf("missing: %v; too many: %v", want.Difference(got), got.Difference(want))
	}
}

// touch updates an object, to make a revision.
func (e *env) touch(name string) *corev1.ConfigMap {
	e.Helper()
	cm, err := e.configMaps().Get(e.ctx, name, metav1.GetOptions{})
	e.must(err)
	cm.Data["value"] = fmt.Sprint("touched at ", cm.ResourceVersion)
	cm, err = e.configMaps().Update(e.ctx, cm, metav1.UpdateOptions{})
	e.must(err)
	return cm
}

func compactedListIsGone(e *env) {
	then := e.create("one", "a").ResourceVersion
	e.eventually(func() string {
		e.touch("one")
		_, err := e.configMaps().List(e.ctx, metav1.ListOptions{
			ResourceVersion: then, ResourceVersionMatch: metav1.ResourceVersionMatchExact})
		switch {
		case err == nil:
			return "the revision can still be listed"
		case !apierrors.IsResourceExpired(err):
			e.Fatalf("got %v, want 410", err)
		}
		return ""
	})
}

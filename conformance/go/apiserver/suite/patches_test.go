package suite

import (
	"reflect"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

var patchScenarios = []scenario{
	{name: "a JSON patch whose test fails changes nothing", run: failedJSONPatchChangesNothing},
	{name: "a merge patch removes what it names as null", run: mergePatchRemovesNulls},
	{name: "a strategic patch merges lists by their key", run: strategicPatchMergesByKey},
	{name: "a patch that changes nothing makes no revision", run: emptyPatchMakesNoRevision},
}

func failedJSONPatchChangesNothing(e *env) {
	before := e.create("one", "a")
	patch := `[{"op":"test","path":"/data/value","value":"b"},{"op":"replace","path":"/data/value","value":"c"}]`
	_, err := e.configMaps().Patch(e.ctx, "one", types.JSONPatchType, []byte(patch), metav1.PatchOptions{})
	if !apierrors.IsInvalid(err) {
		e.Fatalf("got %v, want it refused as invalid", err)
	}
	after, err := e.configMaps().Get(e.ctx, "one", metav1.GetOptions{})
	e.must(err)
	if !reflect.DeepEqual(before, after) {
		e.Fatalf("the object has changed to %v", after)
	}
}

func mergePatchRemovesNulls(e *env) {
	e.create("one", "a")
	got, err := e.configMaps().Patch(e.ctx, "one", types.MergePatchType, []byte(`{"data":{"value":null,"other":"b"}}`), metav1.PatchOptions{})
	e.must(err)
	if want := map[string]string{"other": "b"}; !reflect.DeepEqual(got.Data, want) {
		e.Fatalf("got %v, want %v", got.Data, want)
	}
}

func strategicPatchMergesByKey(e *env) {
	labels := map[string]string{"a": "b"}
	deployments := e.kube.AppsV1().Deployments(e.ns)
	_, err := deployments.Create(e.ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "one"},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "first", Image: "a"}, {Name: "second", Image: "b"}}},
			},
		},
	}, metav1.CreateOptions{})
	e.must(err)
	patch := `{"spec":{"template":{"spec":{"containers":[{"name":"second","image":"c"}]}}}}`
	got, err := deployments.Patch(e.ctx, "one", types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	e.must(err)
	images := map[string]string{}
	for _, c := range got.Spec.Template.Spec.Containers {
		images[c.Name] = c.Image
	}
	if want := map[string]string{"first": "a", "second": "c"}; !reflect.DeepEqual(images, want) {
		e.Fatalf("images are %v, want %v", images, want)
	}
}

func emptyPatchMakesNoRevision(e *env) {
	before := e.create("one", "a")
	after, err := e.configMaps().Patch(e.ctx, "one", types.MergePatchType, []byte(`{"data":{"value":"a"}}`), metav1.PatchOptions{})
	e.must(err)
	if before.ResourceVersion != after.ResourceVersion {
		e.Fatalf("resource version went from %s to %s", before.ResourceVersion, after.ResourceVersion)
	}
}

package suite

import (
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// kind is a built-in resource, how it looks, and where kube-apiserver stores it.
type kind struct {
	gvr      schema.GroupVersionResource
	stored   string // below /registry/
	manifest string
}

var kinds = []kind{
	{schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, "configmaps",
		`{apiVersion: v1, kind: ConfigMap, data: {a: b}}`},
	{schema.GroupVersionResource{Version: "v1", Resource: "secrets"}, "secrets",
		`{apiVersion: v1, kind: Secret, stringData: {a: b}}`},
	{schema.GroupVersionResource{Version: "v1", Resource: "pods"}, "pods",
		`{apiVersion: v1, kind: Pod, spec: {containers: [{name: a, image: a}], terminationGracePeriodSeconds: 0}}`},
	{schema.GroupVersionResource{Version: "v1", Resource: "services"}, "services/specs",
		`{apiVersion: v1, kind: Service, spec: {ports: [{port: 80}]}}`},
	{schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}, "serviceaccounts",
		`{apiVersion: v1, kind: ServiceAccount}`},
	{schema.GroupVersionResource{Version: "v1", Resource: "resourcequotas"}, "resourcequotas",
		`{apiVersion: v1, kind: ResourceQuota, spec: {hard: {secrets: "100"}}}`},
	{schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, "deployments",
		`{apiVersion: apps/v1, kind: Deployment, spec: {selector: {matchLabels: {a: b}},
		template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: a}]}}}}`},
	{schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "cronjobs"}, "cronjobs",
		`{apiVersion: batch/v1, kind: CronJob, spec: {schedule: "@daily", jobTemplate: {spec: {template: {spec:
		{restartPolicy: Never, containers: [{name: a, image: a}]}}}}}}`},
	{schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}, "leases",
		`{apiVersion: coordination.k8s.io/v1, kind: Lease, spec: {holderIdentity: a}}`},
	{schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"}, "ingress",
		`{apiVersion: networking.k8s.io/v1, kind: Ingress, spec: {defaultBackend: {service: {name: a, port: {number: 80}}}}}`},
	{schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "roles"}, "roles",
		`{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]}`},
	{schema.GroupVersionResource{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"}, "poddisruptionbudgets",
		`{apiVersion: policy/v1, kind: PodDisruptionBudget, spec: {minAvailable: 1}}`},
}

var objectScenarios = []scenario{
	{name: "every kind goes through its life", run: everyKindGoesThroughItsLife},
}

func everyKindGoesThroughItsLife(e *env) {
	for _, k := range kinds {
		obj := &unstructured.Unstructured{}
		e.must(yaml.Unmarshal([]byte(k.manifest), &obj.Object))
		obj.SetName("one")
		e.oneLife(k, obj)
	}
}

// oneLife creates, updates, patches, applies and deletes an object. Every step
// has to show at the object's key, at the revision that kube-apiserver tells.
func (e *env) oneLife(k kind, obj *unstructured.Unstructured) {
	e.Helper()
	client := e.dynamic.Resource(k.gvr).Namespace(e.ns)
	key := "/registry/" + k.stored + "/" + e.ns + "/one"
	last := int64(0)
	stored := func(got *unstructured.Unstructured, err error) *unstructured.Unstructured {
		e.Helper()
		e.must(err)
		rev := e.revision(got.GetResourceVersion())
		resp, err := e.etcd.Get(e.ctx, key)
		e.must(err)
		if len(resp.Kvs) != 1 || resp.Kvs[0].ModRevision != rev || rev <= last {
			e.Fatalf("%s: answered with revision %d after %d, stored: %d keys", key, rev, last, len(resp.Kvs))
		}
		last = rev
		return got
	}
	patch := func(as types.PatchType, data string, opts metav1.PatchOptions) (*unstructured.Unstructured, error) {
		return client.Patch(e.ctx, "one", as, []byte(data), opts)
	}

	got := stored(client.Create(e.ctx, obj, metav1.CreateOptions{}))
	got.SetLabels(map[string]string{"step": "update"})
	stored(client.Update(e.ctx, got, metav1.UpdateOptions{}))
	stored(patch(types.MergePatchType, `{"metadata":{"labels":{"step":"merge"}}}`, metav1.PatchOptions{}))
	stored(patch(types.StrategicMergePatchType, `{"metadata":{"labels":{"step":"strategic"}}}`, metav1.PatchOptions{}))
	stored(patch(types.JSONPatchType, `[{"op":"replace","path":"/metadata/labels/step","value":"json"}]`, metav1.PatchOptions{}))
	apply := `{"apiVersion":"` + obj.GetAPIVersion() + `","kind":"` + obj.GetKind() + `","metadata":{"name":"one","annotations":{"step":"apply"}}}`
	stored(patch(types.ApplyPatchType, apply, metav1.PatchOptions{FieldManager: "conformance"}))

	e.must(client.Delete(e.ctx, "one", metav1.DeleteOptions{}))
	if _, err := client.Get(e.ctx, "one", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		e.Fatalf("%s: read after its deletion: %v", key, err)
	}
	resp, err := e.etcd.Get(e.ctx, key)
	e.must(err)
	if len(resp.Kvs) != 0 {
		e.Fatalf("%s is stored after its deletion", key)
	}
}

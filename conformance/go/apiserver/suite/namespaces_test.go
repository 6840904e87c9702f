package suite

import (
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var namespaceScenarios = []scenario{
	{name: "a deleted namespace leaves nothing behind", run: deletedNamespaceLeavesNothing},
}

// No controllers run here, so the scenario does what theirs would.
func deletedNamespaceLeavesNothing(e *env) {
	const objects = 50
	namespaces := e.kube.CoreV1().Namespaces()
	for i := range objects {
		e.create(fmt.Sprint("object-", i), "a")
		_, err := e.kube.CoreV1().Secrets(e.ns).Create(e.ctx,
			&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("object-", i)}}, metav1.CreateOptions{})
		e.must(err)
	}
	held := e.touch("object-0")
	held.Finalizers = []string{"conformance.auroch.dev/held"}
	_, err := e.configMaps().Update(e.ctx, held, metav1.UpdateOptions{})
	e.must(err)

	// Phase 1: deleted, it takes nothing new, but stays as long as it is not finalized.
	e.must(namespaces.Delete(e.ctx, e.ns, metav1.DeleteOptions{}))
	ns, err := namespaces.Get(e.ctx, e.ns, metav1.GetOptions{})
	e.must(err)
	if ns.Status.Phase != corev1.NamespaceTerminating {
		e.Fatalf("the namespace is %s", ns.Status.Phase)
	}
	e.eventually(func() string {
		// Admission reads namespaces from an informer, which may be a little behind.
		_, err := e.configMaps().Create(e.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "late-"}}, metav1.CreateOptions{})
		if !apierrors.IsForbidden(err) {
			return fmt.Sprintf("a creation in it gives %v", err)
		}
		return ""
	})

	// Phase 2: its content goes, except for what a finalizer holds.
	e.must(e.configMaps().DeleteCollection(e.ctx, metav1.DeleteOptions{}, metav1.ListOptions{}))
	e.must(e.kube.CoreV1().Secrets(e.ns).DeleteCollection(e.ctx, metav1.DeleteOptions{}, metav1.ListOptions{}))
	left, err := e.configMaps().List(e.ctx, metav1.ListOptions{})
	e.must(err)
	if len(left.Items) != 1 || left.Items[0].DeletionTimestamp == nil {
		e.Fatalf("%d objects are left, want the held one", len(left.Items))
	}
	left.Items[0].Finalizers = nil
	_, err = e.configMaps().Update(e.ctx, &left.Items[0], metav1.UpdateOptions{})
	e.must(err)

	// Phase 3: finalized, it is gone, and so is every key of it.
	ns.Spec.Finalizers = nil
	_, err = namespaces.Finalize(e.ctx, ns, metav1.UpdateOptions{})
	e.must(err)
	if _, err := namespaces.Get(e.ctx, e.ns, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		e.Fatalf("a read of the namespace gives %v", err)
	}
	for _, prefix := range []string{"/registry/configmaps/", "/registry/secrets/"} {
		resp, err := e.etcd.Get(e.ctx, prefix+e.ns+"/", clientv3.WithPrefix(), clientv3.WithCountOnly())
		e.must(err)
		if resp.Count != 0 {
			e.Errorf("%d keys are left below %s", resp.Count, prefix)
		}
	}
}

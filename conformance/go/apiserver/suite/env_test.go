package suite

import (
	"context"
	"strconv"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"auroch/apiserver/cluster"
)

// longEnough bounds every wait. It is no expectation: it only turns a hang into
// a failure.
const longEnough = 90 * time.Second

// env is what a scenario works with.
type env struct {
	*testing.T
	ctx     context.Context
	cluster *cluster.Cluster
	ns      string
	kube    kubernetes.Interface
	dynamic dynamic.Interface
	// etcd reads the store itself, past kube-apiserver.
	etcd *clientv3.Client
}

func newEnv(t *testing.T, c *cluster.Cluster) *env {
	t.Helper()
	e := newClients(t, c)
	e.ns = e.newNamespace()
	return e
}

// newClients is an environment without a namespace.
func newClients(t *testing.T, c *cluster.Cluster) *env {
	t.Helper()
	e := &env{T: t, ctx: t.Context(), cluster: c}
	typed := rest.CopyConfig(c.API.Config)
	typed.ContentType = "application/vnd.kubernetes.protobuf"
	var err error
	e.kube, err = kubernetes.NewForConfig(typed)
	e.must(err)
	e.dynamic, err = dynamic.NewForConfig(c.API.Config)
	e.must(err)
	e.etcd, err = c.Store.Client()
	e.must(err)
	t.Cleanup(func() { _ = e.etcd.Close() })
	return e
}

func (e *env) newNamespace() string {
	e.Helper()
	ns, err := e.kube.CoreV1().Namespaces().Create(e.ctx,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "scenario-"}}, metav1.CreateOptions{})
	e.must(err)
	return ns.Name
}

func (e *env) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

func (e *env) configMaps() typedcorev1.ConfigMapInterface { return e.kube.CoreV1().ConfigMaps(e.ns) }

// configMap is an object to create, with one value.
func configMap(name, value string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"value": value}}
}

func (e *env) create(name, value string) *corev1.ConfigMap {
	e.Helper()
	cm, err := e.configMaps().Create(e.ctx, configMap(name, value), metav1.CreateOptions{})
	e.must(err)
	return cm
}

// currentRevision is the resource version of a consistent list.
func (e *env) currentRevision() string {
	e.Helper()
	list, err := e.configMaps().List(e.ctx, metav1.ListOptions{})
	e.must(err)
	return list.ResourceVersion
}

// eventually tries until the condition holds. The condition says what is
// missing, or nothing.
func (e *env) eventually(condition func() (missing string)) {
	e.Helper()
	var missing string
	for deadline := time.Now().Add(longEnough); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if missing = condition(); missing == "" {
			return
		}
	}
	e.Fatalf("after %v: %s", longEnough, missing)
}

// revision is the number in a resource version.
func (e *env) revision(resourceVersion string) int64 {
	e.Helper()
	n, err := strconv.ParseInt(resourceVersion, 10, 64)
	e.must(err)
	return n
}

package suite

import (
	"fmt"
	"strings"
	"sync"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crds "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
)

var customScenarios = []scenario{
	{name: "a thousand custom objects are all there and all go", run: thousandCustomObjects},
	{name: "an object is stored up to the size limit and refused above", run: sizeLimitHolds},
}

const customGroup = "conformance.auroch.dev"

const tooLarge = "etcdserver: request is too large"

// customResource defines a resource of its own for the scenario and returns its client.
func (e *env) customResource(plural string) dynamic.ResourceInterface {
	e.Helper()
	client, err := crds.NewForConfig(e.cluster.API.Config)
	e.must(err)
	keep := true
	_, err = client.ApiextensionsV1().CustomResourceDefinitions().Create(e.ctx, &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: plural + "." + customGroup},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: customGroup,
			Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: plural, Kind: kindOf(plural)},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: "v1", Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
					Type: "object", XPreserveUnknownFields: &keep}},
			}},
		},
	}, metav1.CreateOptions{})
	e.must(err)
	objects := e.dynamic.Resource(schema.GroupVersionResource{Group: customGroup, Version: "v1", Resource: plural}).Namespace(e.ns)
	e.eventually(func() string {
		// The first lists may be answered by a handler that is about to go.
		if _, err := objects.List(e.ctx, metav1.ListOptions{}); err != nil {
			return err.Error()
		}
		crd, err := client.ApiextensionsV1().CustomResourceDefinitions().Get(e.ctx, plural+"."+customGroup, metav1.GetOptions{})
		e.must(err)
		for _, c := range crd.Status.Conditions {
			if c.Type == apiextensionsv1.Established && c.Status == apiextensionsv1.ConditionTrue {
				return ""
			}
		}
		return "the resource is not established"
	})
	return objects
}

func kindOf(plural string) string {
	return strings.ToUpper(plural[:1]) + strings.TrimSuffix(plural[1:], "s")
}

func customObject(plural, name, value string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": customGroup + "/v1", "kind": kindOf(plural),
		"metadata": map[string]any{"name": name}, "value": value,
	}}
}

func thousandCustomObjects(e *env) {
	const count, clients = 1000, 10
	objects := e.customResource("thousands")
	life := e.followLives(objects, count)

	// Phase 1: create them all at once.
	var group sync.WaitGroup
	for c := range clients {
		group.Go(func() {
			for i := c; i < count; i += clients {
				if _, err := objects.Create(e.ctx, customObject("thousands", fmt.Sprint("object-", i), "a"), metav1.CreateOptions{}); err != nil {
					e.Error(err)
				}
			}
		})
	}
	group.Wait()

	// Phase 2: they are all listed, page by page.
	listed := sets.New[string]()
	for token, more := "", true; more; more = token != "" {
		page, err := objects.List(e.ctx, metav1.ListOptions{Limit: 150, Continue: token})
		e.must(err)
		for i := range page.Items {
			listed.Insert(page.Items[i].GetName())
		}
		token = page.GetContinue()
	}
	if len(listed) != count {
		e.Fatalf("%d objects are listed", len(listed))
	}

	// Phase 3: they all go, and the watch has seen each come and go.
	e.must(objects.DeleteCollection(e.ctx, metav1.DeleteOptions{}, metav1.ListOptions{}))
	left, err := objects.List(e.ctx, metav1.ListOptions{})
	e.must(err)
	if len(left.Items) != 0 {
		e.Fatalf("%d objects are left", len(left.Items))
	}
	select {
	case err := <-life:
		e.must(err)
	case <-time.After(longEnough):
		e.Fatalf("the watch has not seen all come and go within %v", longEnough)
	}
}

// followLives watches until so many objects have come and gone, once each, and
// then says so, or what was wrong.
func (e *env) followLives(objects dynamic.ResourceInterface, count int) <-chan error {
	e.Helper()
	list, err := objects.List(e.ctx, metav1.ListOptions{})
	e.must(err)
	w, err := objects.Watch(e.ctx, metav1.ListOptions{ResourceVersion: list.GetResourceVersion()})
	e.must(err)
	e.Cleanup(w.Stop)
	done := make(chan error, 1)
	go func() {
		come, gone := sets.New[string](), sets.New[string]()
		for v := range w.ResultChan() {
			obj, is := v.Object.(*unstructured.Unstructured)
			switch {
			case !is:
				done <- apierrors.FromObject(v.Object)
				return
			case v.Type == watch.Added && !come.Has(obj.GetName()):
				come.Insert(obj.GetName())
			case v.Type == watch.Deleted && come.Has(obj.GetName()) && !gone.Has(obj.GetName()):
				gone.Insert(obj.GetName())
			default:
				done <- fmt.Errorf("%s of %s makes no sense", v.Type, obj.GetName())
				return
			}
			if len(gone) == count {
				done <- nil
				return
			}
		}
		done <- fmt.Errorf("the watch ended; %d came, %d went", len(come), len(gone))
	}()
	return done
}

// kube-apiserver takes bodies of up to 3 MiB, the store requests of up to 1.5 MiB.
// kube-apiserver knows the refusal by its words, and hands them on.
func sizeLimitHolds(e *env) {
	objects := e.customResource("giants")
	fits := strings.Repeat("x", 1400<<10)
	_, err := objects.Create(e.ctx, customObject("giants", "fits", fits), metav1.CreateOptions{})
	e.must(err)
	got, err := objects.Get(e.ctx, "fits", metav1.GetOptions{})
	e.must(err)
	if got.Object["value"] != fits {
		e.Error("the object came back changed")
	}
	_, err = objects.Create(e.ctx, customObject("giants", "too-big", strings.Repeat("x", 1700<<10)), metav1.CreateOptions{})
	if err == nil || err.Error() != tooLarge {
		e.Fatalf("got %v, want %s", err, tooLarge)
	}
}

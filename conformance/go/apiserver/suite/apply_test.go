package suite

import (
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
)

var applyScenarios = []scenario{
	{name: "an applied field of another manager is a conflict until forced", run: applyConflictsUntilForced},
	{name: "managers that apply at once keep each other's fields", run: appliersKeepEachOthersFields},
}

func (e *env) apply(manager, key, value string, force bool) (*corev1.ConfigMap, error) {
	cm := applycorev1.ConfigMap("one", e.ns).WithData(map[string]string{key: value})
	return e.configMaps().Apply(e.ctx, cm, metav1.ApplyOptions{FieldManager: manager, Force: force})
}

func applyConflictsUntilForced(e *env) {
	_, err := e.apply("first", "value", "a", false)
	e.must(err)
	if _, err = e.apply("second", "value", "b", false); !apierrors.IsConflict(err) {
		e.Fatalf("got %v, want a conflict", err)
	}
	got, err := e.apply("second", "value", "b", true)
	e.must(err)
	if got.Data["value"] != "b" {
		e.Fatalf("the forced value is %q", got.Data["value"])
	}
	for _, owner := range got.ManagedFields {
		if owner.Manager == "first" {
			e.Fatalf("the first manager still owns %s", owner.FieldsV1)
		}
	}
}

// All managers write one key of the store, so most of their writes collide there.
func appliersKeepEachOthersFields(e *env) {
	const managers, rounds = 3, 15
	var group sync.WaitGroup
	for m := range managers {
		group.Go(func() {
			name := fmt.Sprint("manager-", m)
			for round := range rounds {
				if _, err := e.apply(name, name, fmt.Sprint(round), false); err != nil {
					e.Errorf("%s, round %d: %v", name, round, err)
				}
			}
		})
	}
	group.Wait()
	got, err := e.configMaps().Get(e.ctx, "one", metav1.GetOptions{})
	e.must(err)
	for m := range managers {
		if name := fmt.Sprint("manager-", m); got.Data[name] != fmt.Sprint(rounds-1) {
			e.Errorf("the field of %s is %q", name, got.Data[name])
		}
	}
	if len(got.ManagedFields) != managers {
		e.Errorf("%d managers own fields, want %d", len(got.ManagedFields), managers)
	}
}

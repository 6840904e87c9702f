package suite

import (
	"strconv"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

var conflictScenarios = []scenario{
	{name: "an update of an old version is a conflict", run: staleUpdateConflicts},
	{name: "a deletion of another object of that name is a conflict", run: deletionOfAnotherConflicts},
	{name: "clients that retry lose no increment", run: retriesLoseNoIncrement},
	{name: "of many creations of one name one succeeds", run: oneCreationSucceeds},
}

func staleUpdateConflicts(e *env) {
	old := e.create("one", "a")
	fresh := old.DeepCopy()
	fresh.Data["value"] = "b"
	_, err := e.configMaps().Update(e.ctx, fresh, metav1.UpdateOptions{})
	e.must(err)
	old.Data["value"] = "c"
	if _, err = e.configMaps().Update(e.ctx, old, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		e.Fatalf("got %v, want a conflict", err)
	}
	got, err := e.configMaps().Get(e.ctx, "one", metav1.GetOptions{})
	e.must(err)
	if got.Data["value"] != "b" {
		e.Fatalf("the refused update left %q", got.Data["value"])
	}
}

func deletionOfAnotherConflicts(e *env) {
	e.create("one", "a")
	other := types.UID("another")
	err := e.configMaps().Delete(e.ctx, "one", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &other}})
	if !apierrors.IsConflict(err) {
		e.Fatalf("got %v, want a conflict", err)
	}
	_, err = e.configMaps().Get(e.ctx, "one", metav1.GetOptions{})
	e.must(err)
}

func retriesLoseNoIncrement(e *env) {
	const clients, increments = 8, 8
	e.create("one", "0")
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for range increments {
				if err := e.increment("one"); err != nil {
					e.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	got, err := e.configMaps().Get(e.ctx, "one", metav1.GetOptions{})
	e.must(err)
	if want := strconv.Itoa(clients * increments); got.Data["value"] != want {
		e.Fatalf("counted to %s, want %s", got.Data["value"], want)
	}
}

// increment reads and writes until there is no conflict. After a conflict there
// must be a newer version to read.
func (e *env) increment(name string) error {
	refused := int64(0)
	for {
		cm, err := e.configMaps().Get(e.ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		at, err := strconv.ParseInt(cm.ResourceVersion, 10, 64)
		if err != nil {
			return err
		}
		if at <= refused {
			e.Errorf("a conflict at revision %d, then a read at %d", refused, at)
		}
		n, err := strconv.Atoi(cm.Data["value"])
		if err != nil {
			return err
		}
		cm.Data["value"] = strconv.Itoa(n + 1)
		if _, err = e.configMaps().Update(e.ctx, cm, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
			return err
		}
		refused = at
	}
}

func oneCreationSucceeds(e *env) {
	const clients = 20
	var group sync.WaitGroup
	won := make(chan int, clients)
	for i := range clients {
		group.Go(func() {
			_, err := e.configMaps().Create(e.ctx, configMap("one", strconv.Itoa(i)), metav1.CreateOptions{})
			switch {
			case err == nil:
				won <- i
			case !apierrors.IsAlreadyExists(err):
				e.Error(err)
			}
		})
	}
	group.Wait()
	if len(won) != 1 {
		e.Fatalf("%d creations succeeded", len(won))
	}
	got, err := e.configMaps().Get(e.ctx, "one", metav1.GetOptions{})
	e.must(err)
	if want := strconv.Itoa(<-won); got.Data["value"] != want {
		e.Fatalf("stored is the object of client %s, created was that of %s", got.Data["value"], want)
	}
}

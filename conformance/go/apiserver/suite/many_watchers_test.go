package suite

import (
	"fmt"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var manyWatcherScenarios = []scenario{
	{name: "two hundred watchers see the same events in order", run: watchersSeeTheSame},
}

func watchersSeeTheSame(e *env) {
	const watchers, writers, rounds = 200, 4, 8
	const events = writers * rounds * 3
	from := e.revision(e.currentRevision())

	// Phase 1: half of the watchers are there before the first write, half come during.
	got := make([][]event, watchers)
	var group sync.WaitGroup
	look := func(i int) {
		group.Go(func() {
			var err error
			if got[i], err = e.collectResuming(from, events); err != nil {
				e.Errorf("watcher %d: %v", i, err)
			}
		})
	}
	for i := range watchers / 2 {
		look(i)
	}
	for w := range writers {
		group.Go(func() { e.write(fmt.Sprint("writer-", w), rounds) })
	}
	for i := range watchers / 2 {
		look(watchers/2 + i)
	}
	group.Wait()
	if e.Failed() {
		return
	}

	// Phase 2: one order, the same for all.
	if !slices.IsSortedFunc(got[0], func(a, b event) int { return int(a.revision - b.revision) }) {
		e.Fatalf("out of order: %v", got[0])
	}
	for i := range got {
		if !slices.Equal(got[i], got[0]) {
			e.Fatalf("watcher %d saw other events than the first", i)
		}
	}
}

// write creates, updates and deletes one object again and again. It does not
// end the test, since it runs beside it.
func (e *env) write(name string, rounds int) {
	for i := range rounds {
		cm, err := e.configMaps().Create(e.ctx, configMap(name, fmt.Sprint(i)), metav1.CreateOptions{})
		if err == nil {
			cm.Data["value"] += " again"
			_, err = e.configMaps().Update(e.ctx, cm, metav1.UpdateOptions{})
		}
		if err == nil {
			err = e.configMaps().Delete(e.ctx, name, metav1.DeleteOptions{})
		}
		if err != nil {
			e.Error(err)
			return
		}
	}
}

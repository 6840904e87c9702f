package suite

import (
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func storeKilledUnderLoad(e *env) {
	const writers, watchers, informerCount, kills, acksBetween = 8, 10, 3, 3, 300

	// Phase 1: clients look on while others write.
	var followers []follower
	var watching []*watcher
	for range watchers {
		w := startWatcher(e)
		watching = append(watching, w)
		followers = append(followers, w)
	}
	for range informerCount {
		followers = append(followers, startInformer(e))
	}
	load := startLoad(e, "writer", writers, longEnough)

	// Phase 2: in the midst of it, the store is killed, and comes back.
	for range kills {
		e.awaitAcks(load, acksBetween)
		e.must(e.cluster.RestartStore(200 * time.Millisecond))
		// The load goes on, so what was acknowledged is to be noted before the store is asked.
		acked := load.newest.Load()
		if at := e.storeRevision(); at < acked {
			e.Fatalf("the store is back at revision %d, acknowledged was %d", at, acked)
		}
	}
	e.awaitAcks(load, acksBetween)
	entries := load.end()
	e.must(e.cluster.API.WaitReady(longEnough))

	// Phase 3: what was acknowledged is there.
	list, err := e.configMaps().List(e.ctx, metav1.ListOptions{})
	e.must(err)
	stored := byName(list.Items)
	unanswered := 0
	for _, o := range entries {
		if err := o.contradicts(stored[o.name]); err != nil {
			e.Error(err)
		}
		if o.tried > o.acked || o.deleteTried != o.deletedOK {
			unanswered++
		}
	}
	e.Logf("%d objects, %d writes acknowledged, %d without an answer", len(entries), load.acks.Load(), unanswered)

	// Phase 4: everyone who looks on has come to the same picture.
	want := viewOf(list.Items)
	for i, f := range followers {
		e.eventually(func() string {
			if got := f.view(); !maps.Equal(got, want) {
				return fmt.Sprintf("follower %d has %d objects, stored are %d", i, len(got), len(want))
			}
			return ""
		})
	}
	for _, w := range watching {
		w.mu.Lock()
		if w.fault != nil {
			e.Error(w.fault)
		}
		w.mu.Unlock()
	}
}

func byName(items []corev1.ConfigMap) map[string]*corev1.ConfigMap {
	stored := map[string]*corev1.ConfigMap{}
	for i := range items {
		stored[items[i].Name] = &items[i]
	}
	return stored
}

// awaitAcks returns when so many more writes have been acknowledged.
func (e *env) awaitAcks(load *ledger, more int64) {
	e.Helper()
	want := load.acks.Load() + more
	e.eventually(func() string {
		if got := load.acks.Load(); got < want {
			return fmt.Sprintf("%d writes acknowledged, waiting for %d", got, want)
		}
		return ""
	})
}

// storeRevision asks the store itself.
func (e *env) storeRevision() int64 {
	e.Helper()
	resp, err := e.etcd.Get(e.ctx, "any")
	e.must(err)
	return resp.Header.Revision
}

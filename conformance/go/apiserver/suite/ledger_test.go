package suite

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
)

// entry is what one writer knows of one object. Its values count up from 1.
// A write without an answer may have happened or not; none follows it.
type entry struct {
	name                   string
	acked, tried           int
	ackedRevision          int64
	acks                   []int64 // the revisions that were told
	deleteTried, deletedOK bool
}

// contradicts tells what is wrong with what is stored, nil meaning nothing is.
func (o *entry) contradicts(stored *corev1.ConfigMap) error {
	if stored == nil {
		if o.acked > 0 && !o.deleteTried {
			return fmt.Errorf("%s was acknowledged and is lost", o.name)
		}
		return nil
	}
	if o.deletedOK {
		return fmt.Errorf("the deletion of %s was acknowledged and is lost", o.name)
	}
	value, err := strconv.Atoi(stored.Data["value"])
	if err != nil || value < o.acked || value > o.tried {
		return fmt.Errorf("%s holds %q, acknowledged was %d, written %d", o.name, stored.Data["value"], o.acked, o.tried)
	}
	revision, err := strconv.ParseInt(stored.ResourceVersion, 10, 64)
	if err != nil || revision < o.ackedRevision || (value == o.acked && revision != o.ackedRevision) {
		return fmt.Errorf("%s is at revision %s, acknowledged was %d", o.name, stored.ResourceVersion, o.ackedRevision)
	}
	return nil
}

// ledger is the load on the store, and the record of what was acknowledged.
type ledger struct {
	e    *env
	name string
	// patience is how long a writer waits for an answer.
	patience time.Duration
	stop     chan struct{}
	writers  sync.WaitGroup
	acks     atomic.Int64
	newest   atomic.Int64 // highest revision that was acknowledged

	mu      sync.Mutex
	entries []*entry
}

func startLoad(e *env, name string, writers int, patience time.Duration) *ledger {
	l := &ledger{e: e, name: name, patience: patience, stop: make(chan struct{})}
	for w := range writers {
		l.writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-l.stop:
					return
				default:
					l.oneLife(fmt.Sprintf("%s-%d-%d", name, w, i), i%3 == 2)
				}
			}
		})
	}
	return l
}

// end stops the load and returns when the last answer has come.
func (l *ledger) end() []*entry {
	close(l.stop)
	l.writers.Wait()
	return l.entries
}

// oneLife creates an object, updates it, and may delete it. The first write
// that is not acknowledged ends it.
func (l *ledger) oneLife(name string, remove bool) {
	o := &entry{name: name}
	l.mu.Lock()
	l.entries = append(l.entries, o)
	l.mu.Unlock()

	o.tried = 1
	cm, err := l.write(func(ctx context.Context, objects typedcorev1.ConfigMapInterface) (*corev1.ConfigMap, error) {
		return objects.Create(ctx, configMap(name, "1"), metav1.CreateOptions{})
	})
	for err == nil {
		o.acked = o.tried
		o.ackedRevision = l.acknowledged(cm)
		o.acks = append(o.acks, o.ackedRevision)
		if o.acked == 3 {
			break
		}
		o.tried++
		cm.Data["value"] = strconv.Itoa(o.tried)
		cm, err = l.write(func(ctx context.Context, objects typedcorev1.ConfigMapInterface) (*corev1.ConfigMap, error) {
			return objects.Update(ctx, cm, metav1.UpdateOptions{})
		})
	}
	if err != nil || !remove {
		return
	}
	o.deleteTried = true
	_, err = l.write(func(ctx context.Context, objects typedcorev1.ConfigMapInterface) (*corev1.ConfigMap, error) {
		return nil, objects.Delete(ctx, name, metav1.DeleteOptions{})
	})
	o.deletedOK = err == nil
}

// write does one write, for as long as a writer waits.
func (l *ledger) write(
	do func(context.Context, typedcorev1.ConfigMapInterface) (*corev1.ConfigMap, error),
) (*corev1.ConfigMap, error) {
	ctx, cancel := context.WithTimeout(l.e.ctx, l.patience)
	defer cancel()
	return do(ctx, l.e.configMaps())
}

func (l *ledger) acknowledged(cm *corev1.ConfigMap) int64 {
	revision, err := strconv.ParseInt(cm.ResourceVersion, 10, 64)
	if err != nil {
		l.e.Errorf("resource version %q", cm.ResourceVersion)
	}
	for {
		old := l.newest.Load()
		if old >= revision || l.newest.CompareAndSwap(old, revision) {
			break
		}
	}
	l.acks.Add(1)
	return revision
}

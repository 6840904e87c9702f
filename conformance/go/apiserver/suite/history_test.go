package suite

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// change is one event of the store.
type change struct {
	revision int64
	key      string
	deleted  bool
	created  bool
}

// history is all that one server tells of the store's changes, by one watch of
// all keys that etcd's client resumes where the server was away.
type history struct {
	mu      sync.Mutex
	changes []change
	fault   error
}

func startHistory(e *env, etcd *clientv3.Client, from int64) *history {
	h := &history{}
	in := etcd.Watch(e.ctx, "\x00", clientv3.WithFromKey(), clientv3.WithRev(from))
	go func() {
		for response := range in {
			h.take(response)
		}
	}()
	return h
}

func (h *history) take(response clientv3.WatchResponse) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := response.Err(); err != nil {
		h.fault = err
	}
	for _, ev := range response.Events {
		h.changes = append(h.changes, change{
			revision: ev.Kv.ModRevision, key: string(ev.Kv.Key),
			deleted: ev.Type == clientv3.EventTypeDelete, created: ev.IsCreate(),
		})
	}
}

// reach waits for the event of a revision.
func (h *history) reach(e *env, revision int64) {
	e.Helper()
	e.eventually(func() string {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.fault != nil {
			e.Fatal("a watch of a server ended: ", h.fault)
		}
		if last := h.last(); last < revision {
			return fmt.Sprintf("a watch is at revision %d of %d", last, revision)
		}
		return ""
	})
}

func (h *history) last() int64 {
	if len(h.changes) == 0 {
		return 0
	}
	return h.changes[len(h.changes)-1].revision
}

// upTo returns the changes up to a revision.
func (h *history) upTo(revision int64) []change {
	h.mu.Lock()
	defer h.mu.Unlock()
	after := slices.IndexFunc(h.changes, func(c change) bool { return c.revision > revision })
	if after < 0 {
		after = len(h.changes)
	}
	return slices.Clone(h.changes[:after])
}

// mustBeDense fails unless each revision is there once: Kubernetes never changes
// two keys at one revision.
func mustBeDense(e *env, changes []change, from, to int64) {
	e.Helper()
	for i, c := range changes {
		if want := from + int64(i); c.revision != want {
			e.Fatalf("a watch told of revision %d where %d was due", c.revision, want)
		}
	}
	if got := from + int64(len(changes)) - 1; got != to {
		e.Fatalf("a watch told of revisions up to %d, not %d", got, to)
	}
}

// objects is the part of the changes that is of the config maps of a namespace.
func objects(ns string, changes []change) []change {
	prefix := "/registry/configmaps/" + ns + "/"
	var own []change
	for _, c := range changes {
		if name, is := strings.CutPrefix(c.key, prefix); is {
			c.key = name
			own = append(own, c)
		}
	}
	return own
}

// viewAt is the picture that the changes up to a revision make.
func viewAt(changes []change, revision int64) view {
	v := view{}
	for _, c := range changes {
		switch {
		case c.revision > revision:
			return v
		case c.deleted:
			delete(v, c.key)
		default:
			v[c.key] = fmt.Sprint(c.revision)
		}
	}
	return v
}

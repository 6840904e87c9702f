package suite

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"auroch/apiserver/cluster"
)

const (
	// How long a writer waits, so that one whose server is stopped goes on.
	serversPatience = 5 * time.Second
	writersInAll    = 9
	contenders      = 3
)

// TestServers puts Kubernetes on three servers that share a PostgreSQL, and has
// servers and database fail under load.
func TestServers(t *testing.T) {
	for _, topology := range cluster.Topologies {
		t.Run(topology.Name, func(t *testing.T) {
			s, err := cluster.StartServers(topology)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { stopServers(t, s) })
			serversFailUnderLoad(t, s)
		})
	}
}

func stopServers(t *testing.T, s *cluster.Servers) {
	for _, api := range s.APIs {
		select {
		case <-api.Exited():
			t.Errorf("kube-apiserver has ended by itself:\n%s", api.Log())
		default:
		}
		if t.Failed() {
			t.Logf("end of a kube-apiserver's log:\n%s", api.Log())
		}
	}
	for _, store := range s.Stores {
		if t.Failed() {
			t.Logf("end of a server's log:\n%s", store.Log())
		}
	}
	s.Stop()
}

// watched is what looks on while servers fail.
type watched struct {
	*env
	servers   *cluster.Servers
	behind    []*env // by kube-apiserver, all in one namespace
	etcd      []*clientv3.Client
	from      int64
	histories []*history
	recorders []*recorder
	informers []informer
	leases    []*leaseRecord
	election  *election
	loads     []*ledger
}

func serversFailUnderLoad(t *testing.T, s *cluster.Servers) {
	w := lookOn(t, s)

	// Phase 1: faults, one after the other, under load.
	w.awaitWrites(200)
	for _, fault := range serverFaults {
		t.Logf("%s, %d writes acknowledged so far", fault.name, w.acks())
		fault.run(w)
		w.awaitWrites(100)
		w.election.awaitLeader(w.env, "")
	}
	var entries []*entry
	for _, load := range w.loads {
		entries = append(entries, load.end()...)
	}
	w.election.end(w.env)
	w.must(s.WaitReady())

	// Phase 2: all servers hold the same, and what was acknowledged is in it.
	final := w.revision(w.create("final", "1").ResourceVersion)
	w.mustHoldTheSame(final)
	changes := w.mustTellTheSame(final)
	w.mustHold(entries, changes, final)

	// Phase 3: watches, informers and the election saw it so.
	for _, r := range w.recorders {
		r.reach(final)
		r.mustAgree(changes, final)
	}
	w.informersCatchUp()
	for _, r := range w.leases {
		r.mustBeHeldByOne(w.env)
	}
	w.summarize(entries, changes)
}

// lookOn starts the load and all that watches it.
func lookOn(t *testing.T, s *cluster.Servers) *watched {
	w := &watched{env: newEnv(t, s.Behind(0)), servers: s}
	for i := range s.APIs {
		e := newClients(t, s.Behind(i))
		e.ns = w.ns
		w.behind = append(w.behind, e)
	}
	w.from = w.storeRevision() + 1
	for _, store := range s.Stores {
		etcd, err := store.Client()
		w.must(err)
		t.Cleanup(func() { _ = etcd.Close() })
		w.etcd = append(w.etcd, etcd)
		w.histories = append(w.histories, startHistory(w.env, etcd, w.from))
	}
	for i, e := range w.behind {
		w.recorders = append(w.recorders, startRecorder(e), startRecorder(e))
		w.informers = append(w.informers, startInformer(e))
		w.leases = append(w.leases, startLeaseRecord(e))
		w.loads = append(w.loads, startLoad(e, fmt.Sprint("writer-", i), writersInAll/len(w.behind), serversPatience))
	}
	w.election = startElection(w.env, w.behind, contenders)
	w.election.awaitLeader(w.env, "")
	return w
}

func (w *watched) acks() (n int64) {
	for _, load := range w.loads {
		n += load.acks.Load()
	}
	return n
}

// awaitWrites returns when so many more writes have been acknowledged behind
// every kube-apiserver.
func (w *watched) awaitWrites(more int64) {
	w.Helper()
	for _, load := range w.loads {
		w.awaitAcks(load, more/int64(len(w.loads)))
	}
}

// mustHoldTheSame reads everything from each server at one revision.
func (w *watched) mustHoldTheSame(revision int64) {
	w.Helper()
	var first string
	for i, etcd := range w.etcd {
		held, err := etcd.Get(w.ctx, "\x00", clientv3.WithFromKey(), clientv3.WithRev(revision))
		w.must(err)
		all := fmt.Sprint(held.Kvs) // keys, values, revisions, versions and leases
		if first == "" {
			first = all
		}
		if all != first {
			w.Errorf("server %d holds something else than server 0 at revision %d", i, revision)
		}
	}
}

// mustTellTheSame compares the watches of the servers, and returns the changes of
// the namespace's objects.
func (w *watched) mustTellTheSame(revision int64) []change {
	w.Helper()
	var first []change
	for i, h := range w.histories {
		h.reach(w.env, revision)
		told := h.upTo(revision)
		mustBeDense(w.env, told, w.from, revision)
		if first == nil {
			first = told
		}
		if !slices.Equal(told, first) {
			w.Errorf("a watch of server %d tells of something else than one of server 0", i)
		}
	}
	return objects(w.ns, first)
}

// mustHold checks that all that was acknowledged is stored, and was at the
// revision that was told.
func (w *watched) mustHold(entries []*entry, changes []change, revision int64) {
	w.Helper()
	written := map[change]bool{}
	for _, c := range changes {
		written[change{revision: c.revision, key: c.key}] = !c.deleted
	}
	for _, e := range w.behind {
		list, err := e.configMaps().List(w.ctx, metav1.ListOptions{
			ResourceVersion: fmt.Sprint(revision), ResourceVersionMatch: metav1.ResourceVersionMatchExact,
		})
		w.must(err)
		stored := byName(list.Items)
		for _, o := range entries {
			if err := o.contradicts(stored[o.name]); err != nil {
				w.Error(err)
			}
		}
	}
	for _, o := range entries {
		for _, ack := range o.acks {
			if !written[change{revision: ack, key: o.name}] {
				w.Errorf("%s was acknowledged at revision %d, of which no watch told", o.name, ack)
			}
		}
	}
}

func (w *watched) informersCatchUp() {
	w.Helper()
	for i, informer := range w.informers {
		w.eventually(func() string {
			list, err := w.configMaps().List(w.ctx, metav1.ListOptions{})
			w.must(err)
			if got, want := informer.view(), viewOf(list.Items); !maps.Equal(got, want) {
				return fmt.Sprintf("informer %d has %d objects, stored are %d", i, len(got), len(want))
			}
			return ""
		})
	}
}

func (w *watched) summarize(entries []*entry, changes []change) {
	unanswered, lists := 0, 0
	for _, o := range entries {
		if o.tried > o.acked || o.deleteTried != o.deletedOK {
			unanswered++
		}
	}
	for _, r := range w.recorders {
		lists += len(r.parts) - 1
	}
	w.Logf("%d objects, %d writes acknowledged, %d without an answer, %d changes; %d of %d watches had to list again",
		len(entries), w.acks(), unanswered, len(changes), lists, len(w.recorders))
}

package suite

import (
	"context"
	"fmt"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// A leader that cannot renew gives up retryPeriod + renewDeadline after it last
// did, well before others may take over.
const (
	electionName  = "election"
	leaseDuration = 8 * time.Second
	renewDeadline = 5 * time.Second
	retryPeriod   = time.Second
)

// election is client-go's leader election among contenders behind several
// kube-apiservers.
type election struct {
	ctx    context.Context
	cancel context.CancelFunc
	runs   sync.WaitGroup
	behind map[string]int // by contender, the kube-apiserver

	mu     sync.Mutex
	leader string
	terms  int
	faults []error
}

func startElection(e *env, behind []*env, contenders int) *election {
	v := &election{behind: map[string]int{}}
	v.ctx, v.cancel = context.WithCancel(e.ctx)
	for i := range contenders {
		name, at := fmt.Sprint("contender-", i), i%len(behind)
		v.behind[name] = at
		v.runs.Go(func() {
			for v.ctx.Err() == nil {
				v.contend(behind[at], name)
			}
		})
	}
	return v
}

// contend runs until a term of this contender has ended.
func (v *election) contend(e *env, name string) {
	term := make(chan struct{})
	leaderelection.RunOrDie(v.ctx, leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: e.ns, Name: electionName},
			Client:     e.kube.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		},
		LeaseDuration: leaseDuration, RenewDeadline: renewDeadline, RetryPeriod: retryPeriod,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { v.began(name); close(term) },
			OnStoppedLeading: func() {},
		},
	})
	select {
	case <-term:
		v.ended(name)
	default:
		if v.ctx.Err() == nil { // it returned before its callback was called
			<-term
			v.ended(name)
		}
	}
}

func (v *election) began(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.leader != "" {
		v.faults = append(v.faults, fmt.Errorf("%s leads while %s does", name, v.leader))
	}
	v.leader = name
	v.terms++
}

func (v *election) ended(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.leader == name {
		v.leader = ""
	}
}

// awaitLeader waits until somebody leads who is not the one named, and tells who.
func (v *election) awaitLeader(e *env, not string) (leader string) {
	e.Helper()
	e.eventually(func() string {
		v.mu.Lock()
		defer v.mu.Unlock()
		leader = v.leader
		if leader == "" || leader == not {
			return "nobody new leads"
		}
		return ""
	})
	return leader
}

// end stops all contenders and tells what was wrong.
func (v *election) end(e *env) {
	e.Helper()
	v.cancel()
	v.runs.Wait()
	for _, fault := range v.faults {
		e.Error(fault)
	}
	e.Logf("%d terms of leaders", v.terms)
}

// leaseRecord notes the versions of the election's lease that one kube-apiserver
// shows.
type leaseRecord struct {
	mu       sync.Mutex
	versions []coordinationv1.LeaseSpec
}

func startLeaseRecord(e *env) *leaseRecord {
	r := &leaseRecord{}
	go func() {
		at := ""
		for e.ctx.Err() == nil {
			at = r.follow(e, at)
			time.Sleep(50 * time.Millisecond)
		}
	}()
	return r
}

// follow returns where to go on; from nowhere, a watch begins with what is there.
func (r *leaseRecord) follow(e *env, at string) string {
	in, err := e.kube.CoordinationV1().Leases(e.ns).Watch(e.ctx, metav1.ListOptions{ResourceVersion: at})
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return ""
	}
	if err != nil {
		return at
	}
	defer in.Stop()
	for v := range in.ResultChan() {
		lease, is := v.Object.(*coordinationv1.Lease)
		if !is {
			return ""
		}
		r.mu.Lock()
		r.versions = append(r.versions, lease.Spec)
		r.mu.Unlock()
		at = lease.ResourceVersion
	}
	return at
}

// mustBeHeldByOne fails if the lease passed on before it had run out. All clocks
// are this machine's.
func (r *leaseRecord) mustBeHeldByOne(e *env) {
	e.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.versions) == 0 {
		e.Fatal("the lease was never seen")
	}
	for i, now := range r.versions[1:] {
		before := r.versions[i]
		if *now.HolderIdentity == *before.HolderIdentity {
			continue
		}
		if free := before.RenewTime.Add(leaseDuration); now.AcquireTime.Time.Before(free) {
			e.Errorf("%s took the lease at %v, %s held it until %v", *now.HolderIdentity, now.AcquireTime, *before.HolderIdentity, free)
		}
	}
}

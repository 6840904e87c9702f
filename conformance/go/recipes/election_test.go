package recipes

import (
	"errors"
	"testing"

	"go.etcd.io/etcd/client/v3/concurrency"
)

func TestElectionHasOneLeaderAndThenTheNext(t *testing.T) {
	t.Parallel()
	ctx, client := start(t)
	first := concurrency.NewElection(session(t, client), "election")
	second := concurrency.NewElection(session(t, client), "election")
	if _, err := first.Leader(ctx); !errors.Is(err, concurrency.ErrElectionNoLeader) {
		t.Fatalf("got %v", err)
	}
	observed := first.Observe(ctx)
	check(t, first.Campaign(ctx, "a"))
	elected := make(chan error, 1)
	go func() { elected <- second.Campaign(ctx, "b") }()
	keys(ctx, t, client, "election/", 2)
	check(t, first.Proclaim(ctx, "a2"))
	check(t, first.Resign(ctx))
	check(t, <-elected)
	leader, err := first.Leader(ctx)
	check(t, err)
	if string(leader.Kvs[0].Value) != "b" {
		t.Fatalf("%s leads", leader.Kvs[0].Value)
	}
	// An observer may miss a value that another has followed, but not the last one.
	var last string
	for last != "b" {
		resp, ok := <-observed
		if !ok {
			t.Fatalf("the last that was observed is %q", last)
		}
		last = string(resp.Kvs[0].Value)
	}
}

func TestElectionIsWonWhenTheLeadersSessionEnds(t *testing.T) {
	t.Parallel()
	ctx, client := start(t)
	leader := session(t, client)
	check(t, concurrency.NewElection(leader, "election").Campaign(ctx, "a"))
	next := concurrency.NewElection(session(t, client), "election")
	elected := make(chan error, 1)
	go func() { elected <- next.Campaign(ctx, "b") }()
	keys(ctx, t, client, "election/", 2)
	check(t, leader.Close())
	check(t, <-elected)
	check(t, next.Proclaim(ctx, "b2"))
}

func TestElectionIsResumedByWhoKnowsItsKey(t *testing.T) {
	t.Parallel()
	ctx, client := start(t)
	s := session(t, client)
	e := concurrency.NewElection(s, "election")
	check(t, e.Campaign(ctx, "a"))
	resumed := concurrency.ResumeElection(s, "election", e.Key(), e.Rev())
	check(t, resumed.Proclaim(ctx, "b"))
	check(t, resumed.Resign(ctx))
	if err := e.Proclaim(ctx, "c"); !errors.Is(err, concurrency.ErrElectionNotLeader) {
		t.Fatalf("got %v", err)
	}
}

package members

import (
	"slices"
	"testing"
)

// A client that was told of one server learns of the others, and goes on when the
// first dies.
func TestSync(t *testing.T) {
	ctx, f := start(t)
	client := f.client(f.servers[0].Endpoint())
	_, err := client.Put(ctx, "a", "1")
	check(t, err)
	check(t, client.Sync(ctx))
	endpoints := slices.Sorted(slices.Values(client.Endpoints()))
	if !slices.Equal(endpoints, f.endpoints()) {
		t.Fatalf("it has learned of %v, want %v", endpoints, f.endpoints())
	}

	f.servers[0].Kill()
	for n := range 10 {
		resp, err := client.Get(ctx, "a")
		check(t, err)
		if len(resp.Kvs) != 1 || resp.Kvs[0].Version != int64(n+1) {
			t.Fatalf("after %d writes it reads %v", n+1, resp.Kvs)
		}
		_, err = client.Put(ctx, "a", "2")
		check(t, err)
	}

	// The dead one is no member any more.
	f.lists(ctx, f.servers[1], 1)
	check(t, client.Sync(ctx))
	if got := client.Endpoints(); !slices.Equal(got, []string{f.servers[1].Endpoint()}) {
		t.Fatalf("it still knows %v", got)
	}
}

// A watch goes on at another server, without a gap.
func TestWatchGoesOn(t *testing.T) {
	ctx, f := start(t)
	watching := f.client(f.servers[0].Endpoint())
	events := watching.Watch(ctx, "a")
	writing := f.client(f.servers[1].Endpoint())
	var last int64
	for n := range 20 {
		resp, err := writing.Put(ctx, "a", "x")
		check(t, err)
		last = resp.Header.Revision
		if n == 10 {
			check(t, watching.Sync(ctx))
			f.servers[0].Kill()
		}
	}
	var seen []int64
	for len(seen) < 20 {
		resp, open := <-events
		if !open || resp.Err() != nil {
			t.Fatalf("the watch ends after %v: %v", seen, resp.Err())
		}
		for _, event := range resp.Events {
			seen = append(seen, event.Kv.ModRevision)
		}
	}
	for n, revision := range seen {
		if revision != last-19+int64(n) {
			t.Fatalf("it has seen %v, want 20 revisions up to %d", seen, last)
		}
	}
}

package recipes

import (
	"errors"
	"strconv"
	"sync"
	"testing"

	"go.etcd.io/etcd/client/v3/concurrency"
)

func TestMutexLetsOneInAtATime(t *testing.T) {
	t.Parallel()
	const sessions, rounds = 8, 10
	ctx, client := start(t)
	_, err := client.Put(ctx, "counter", "0")
	check(t, err)
	var all sync.WaitGroup
	for range sessions {
		s := session(t, client)
		all.Go(func() {
			m := concurrency.NewMutex(s, "mutex")
			for range rounds {
				if err := m.Lock(ctx); err != nil {
					t.Error(err)
					return
				}
				got, err := client.Get(ctx, "counter")
				if err != nil {
					t.Error(err)
					return
				}
				n, _ := strconv.Atoi(string(got.Kvs[0].Value))
				if _, err := client.Put(ctx, "counter", strconv.Itoa(n+1)); err != nil {
					t.Error(err)
				}
				if err := m.Unlock(ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got, err := client.Get(ctx, "counter")
	check(t, err)
	if string(got.Kvs[0].Value) != strconv.Itoa(sessions*rounds) {
		t.Fatalf("two were in at a time: counted %s", got.Kvs[0].Value)
	}
}

func TestMutexTryLockDoesNotWait(t *testing.T) {
	t.Parallel()
	ctx, client := start(t)
	first := concurrency.NewMutex(session(t, client), "mutex")
	second := concurrency.NewMutex(session(t, client), "mutex")
	check(t, first.TryLock(ctx))
	if err := second.TryLock(ctx); !errors.Is(err, concurrency.ErrLocked) {
		t.Fatalf("got %v", err)
	}
	check(t, first.Unlock(ctx))
	check(t, second.TryLock(ctx))
	got, err := client.Txn(ctx).If(second.IsOwner()).Commit()
	check(t, err)
	if !got.Succeeded {
		t.Fatal("it is not the owner")
	}
}

func TestMutexIsFreedByTheEndOfItsSession(t *testing.T) {
	t.Parallel()
	ctx, client := start(t)
	holder := session(t, client)
	check(t, concurrency.NewMutex(holder, "mutex").Lock(ctx))
	locked := make(chan error, 1)
	waiter := concurrency.NewMutex(session(t, client), "mutex")
	go func() { locked <- waiter.Lock(ctx) }()
	keys(ctx, t, client, "mutex/", 2)
	check(t, holder.Close())
	check(t, <-locked)
}

func TestMutexOfAnEndedSessionIsNotLocked(t *testing.T) {
	t.Parallel()
	ctx, client := start(t)
	first := concurrency.NewMutex(session(t, client), "mutex")
	check(t, first.Lock(ctx))
	ending := session(t, client)
	locked := make(chan error, 1)
	go func() { locked <- concurrency.NewMutex(ending, "mutex").Lock(ctx) }()
	keys(ctx, t, client, "mutex/", 2)
	check(t, ending.Close())
	check(t, first.Unlock(ctx))
	if err := <-locked; !errors.Is(err, concurrency.ErrSessionExpired) {
		t.Fatalf("got %v", err)
	}
}

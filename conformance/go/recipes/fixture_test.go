// Package recipes drives the server under test with etcd's package concurrency:
// sessions, mutexes, elections and software transactional memory.
package recipes

import (
	"context"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"auroch/harness/datastore"
)

const limit = 30 * time.Second

// start starts a server for this test alone, and dials it.
func start(t *testing.T) (context.Context, *clientv3.Client) {
	t.Helper()
	server, err := datastore.New(datastore.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	if err := server.WaitServing(limit); err != nil {
		t.Fatal(err)
	}
	client, err := server.Client()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx, client
}

func session(t *testing.T, client *clientv3.Client) *concurrency.Session {
	t.Helper()
	s, err := concurrency.NewSession(client, concurrency.WithTTL(10))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// keys waits until a prefix has so many keys.
func keys(ctx context.Context, t *testing.T, client *clientv3.Client, prefix string, count int64) {
	t.Helper()
	for {
		resp, err := client.Get(ctx, prefix, clientv3.WithPrefix(), clientv3.WithCountOnly())
		if err != nil {
			t.Fatal(err)
		}
		if resp.Count == count {
			return
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

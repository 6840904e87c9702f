// Package members drives servers that share a PostgreSQL with etcd's client and
// etcdctl: as a cluster, whose members clients learn of and go on with when one dies.
package members

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"auroch/harness/datastore"
	"auroch/harness/postgres"
)

const (
	limit = 30 * time.Second
	pause = 20 * time.Millisecond
)

var database *postgres.Cluster

func TestMain(m *testing.M) {
	var err error
	if database, err = postgres.Start(postgres.Options{NoFsync: true}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	database.Stop()
	os.Exit(code)
}

// fleet is the servers on one database.
type fleet struct {
	*testing.T
	servers []*datastore.Server
}

// start starts two servers for this test alone, and waits until each lists both.
func start(t *testing.T, args ...string) (context.Context, fleet) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	f := fleet{T: t}
	for _, name := range []string{"one", "two"} {
		f.add(name, args)
	}
	for _, server := range f.servers {
		check(t, server.WaitServing(limit))
		f.lists(ctx, server, len(f.servers))
	}
	return ctx, f
}

func (f *fleet) add(name string, args []string) {
	f.Helper()
	server, err := datastore.New(datastore.Options{
		Dir: f.TempDir(), Name: name, Storage: database.DSN(strings.ToLower(f.Name())), Args: args,
	})
	check(f.T, err)
	check(f.T, server.Start())
	f.Cleanup(func() {
		server.Kill()
		if f.Failed() {
			f.Logf("log of %s:\n%s", name, server.Log())
		}
	})
	f.servers = append(f.servers, server)
}

// lists waits until a server lists so many members.
func (f fleet) lists(ctx context.Context, server *datastore.Server, count int) {
	f.Helper()
	client := f.client(server.Endpoint())
	for {
		resp, err := client.MemberList(ctx)
		check(f.T, err)
		if len(resp.Members) == count {
			return
		}
		time.Sleep(pause)
	}
}

func (f fleet) endpoints() []string {
	var endpoints []string
	for _, server := range f.servers {
		endpoints = append(endpoints, server.Endpoint())
	}
	slices.Sort(endpoints)
	return endpoints
}

// client is one of nobody's.
func (f fleet) client(endpoints ...string) *clientv3.Client {
	f.Helper()
	return f.dial(clientv3.Config{Endpoints: endpoints})
}

func (f fleet) dial(config clientv3.Config) *clientv3.Client {
	f.Helper()
	config.Logger = zap.NewNop()
	client, err := clientv3.New(config)
	check(f.T, err)
	f.Cleanup(func() { _ = client.Close() })
	return client
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

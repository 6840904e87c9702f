package suite

import (
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/kubernetes"
	"go.uber.org/zap"

	"auroch/harness/datastore"
)

// The periodic progress notification that some contracts wait for has to come
// well within their 30 seconds.
const progressInterval = time.Second

const startLimit = 30 * time.Second

// connect starts a server for this test alone, so that contracts which name
// absolute revisions hold, and returns a client with kube-apiserver's settings.
func connect(t testing.TB) *kubernetes.Client {
	t.Helper()
	server, err := datastore.New(datastore.Options{Dir: t.TempDir(), ProgressInterval: progressInterval, UnsafeNoFsync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Stop()
		if t.Failed() {
			t.Logf("server log:\n%s", server.Log())
		}
	})
	if err := server.WaitServing(startLimit); err != nil {
		t.Fatal(err)
	}
	c, err := kubernetes.New(clientv3.Config{
		Endpoints:            []string{server.Endpoint()},
		DialTimeout:          20 * time.Second,
		DialKeepAliveTime:    30 * time.Second,
		DialKeepAliveTimeout: 10 * time.Second,
		Logger:               zap.NewNop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

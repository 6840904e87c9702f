// Package monitoring checks what the server tells Prometheus: that every name is there that etcd's dashboards and alerts
// read, with etcd's types, labels and buckets, and that our own dashboard and alerts find what they look for.
package monitoring

import (
	"fmt"
	"os"
	"testing"
	"time"

	"auroch/harness/datastore"
)

// startLimit is how long a server may take until it serves.
const startLimit = 30 * time.Second

// scrapes are two looks at the server under test with a load in between.
var scrapes [2]families

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "monitoring")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(dir)
	server, err := start(datastore.Options{Dir: dir})
	if err != nil {
		return fail(err)
	}
	defer server.Kill()
	for i := range scrapes {
		if err := load(server); err != nil {
			return fail(fmt.Errorf("load: %w\n%s", err, server.Log()))
		}
		if scrapes[i], err = scrape(server); err != nil {
			return fail(fmt.Errorf("scrape: %w", err))
		}
	}
	return m.Run()
}

// start starts a server that says all it can.
func start(options datastore.Options) (*datastore.Server, error) {
	options.Args = append(options.Args, "--metrics=extensive")
	server, err := datastore.New(options)
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, err
	}
	return server, server.WaitServing(startLimit)
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

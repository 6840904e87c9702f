package cluster

import (
	"os"
	"path/filepath"
	"slices"
	"time"

	"auroch/harness/datastore"
)

const (
	storeStartLimit = 30 * time.Second
	readyLimit      = 2 * time.Minute
)

// Cluster is a store with a kube-apiserver on it.
type Cluster struct {
	Cell  Cell
	Store *datastore.Server
	API   *APIServer
	dir   string
}

// Start returns a cluster that is ready, on an empty store.
func Start(cell Cell) (*Cluster, error) {
	c, err := startStore(cell, "")
	if err != nil {
		return nil, err
	}
	if err := c.StartAPI(); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

// startStore starts the store alone. No binary means the one under test.
func startStore(cell Cell, binary string) (*Cluster, error) {
	// Not a folder below the test's name: the path of a socket is at most 107 bytes long.
	dir, err := os.MkdirTemp("", "auroch")
	if err != nil {
		return nil, err
	}
	c := &Cluster{Cell: cell, dir: dir}
	opts := datastore.Options{Binary: binary, Dir: filepath.Join(dir, "store")}
	if err := os.Mkdir(opts.Dir, 0o700); err != nil {
		return nil, err
	}
	if cell.Transport == Unix {
		opts.ClientURL = datastore.UnixURL(dir)
	}
	if cell.Transport == MutualTLS {
		trust, err := likeKubeadm(&opts)
		if err != nil {
			return nil, err
		}
		c.Cell.Config.Args = append(slices.Clone(cell.Config.Args), trust...)
	}
	if c.Store, err = datastore.New(opts); err != nil {
		return nil, err
	}
	if err := c.Store.Start(); err != nil {
		return nil, err
	}
	if err := c.Store.WaitServing(storeStartLimit); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

// StartAPI starts kube-apiserver and returns when it is ready.
func (c *Cluster) StartAPI() error {
	var err error
	if c.API, err = StartAPIServer(c.dir, c.Store.Endpoint(), c.Cell.Config); err != nil {
		return err
	}
	return c.API.WaitReady(readyLimit)
}

// RestartStore kills the store, waits for as long as told, and starts it again
// on the same data and address.
func (c *Cluster) RestartStore(pause time.Duration) error {
	c.Store.Kill()
	time.Sleep(pause)
	if err := c.Store.Start(); err != nil {
		return err
	}
	return c.Store.WaitServing(storeStartLimit)
}

// Stop ends both processes and removes their files.
func (c *Cluster) Stop() {
	if c.API != nil {
		c.API.Stop()
	}
	c.Store.Stop()
	_ = os.RemoveAll(c.dir)
}

// TimeToReady starts a store, and returns how long kube-apiserver takes on it
// from its start to a /readyz that says ok.
func TimeToReady(cell Cell, binary string) (time.Duration, error) {
	c, err := startStore(cell, binary)
	if err != nil {
		return 0, err
	}
	defer c.Stop()
	start := time.Now()
	err = c.StartAPI()
	return time.Since(start), err
}

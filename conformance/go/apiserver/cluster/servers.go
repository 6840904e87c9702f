package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"auroch/harness/datastore"
	"auroch/harness/postgres"
)

const (
	// serverCount is how many servers share the database.
	serverCount = 3
	// Far is the server whose ways to the database can be cut.
	Far = serverCount - 1
)

// Topology says which kube-apiserver knows which of the servers.
type Topology struct {
	Name string
	APIs [][]int
}

// Topologies are the two ways of putting Kubernetes on several servers.
var Topologies = []Topology{
	{"one kube-apiserver knows all servers", [][]int{{0, 1, 2}}},
	{"a kube-apiserver on each server", [][]int{{0}, {1}, {2}}},
}

// Keeps history for longer than any fault, so that watches which went on
// elsewhere for so long need not start over.
var servedBySeveral = Config{Name: "several", WatchCache: true, WatchList: true, RangeStream: true,
	Args: []string{"--etcd-compaction-interval=60s"}}

// Servers are several servers on one PostgreSQL, which has a standby, with
// kube-apiservers on them.
type Servers struct {
	Database *postgres.Cluster
	Standby  *postgres.Cluster
	links    []*postgres.Link
	Stores   []*datastore.Server
	APIs     []*APIServer
	dir      string
}

// StartServers returns when all are ready.
func StartServers(topology Topology) (*Servers, error) {
	dir, err := os.MkdirTemp("", "auroch")
	if err != nil {
		return nil, err
	}
	s := &Servers{dir: dir}
	if err := s.start(topology); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (s *Servers) start(topology Topology) error {
	var err error
	if s.Database, err = postgres.Start(postgres.Options{}); err != nil {
		return err
	}
	if s.Standby, err = s.Database.Standby(); err != nil {
		return err
	}
	for _, database := range []*postgres.Cluster{s.Database, s.Standby} {
		link, err := database.Link()
		if err != nil {
			return err
		}
		s.links = append(s.links, link)
	}
	for i := range serverCount {
		storage := postgres.DSNOf("kubernetes", s.Database, s.Standby)
		if i == Far {
			storage = postgres.DSNThrough("kubernetes", s.links...)
		}
		if err := s.addStore(fmt.Sprintf("server-%d", i), storage); err != nil {
			return err
		}
	}
	for _, store := range s.Stores {
		if err := store.WaitServing(storeStartLimit); err != nil {
			return err
		}
	}
	for i, endpoints := range topology.APIs {
		if err := s.addAPI(fmt.Sprintf("api-%d", i), endpoints); err != nil {
			return err
		}
	}
	return s.WaitReady()
}

// addStore starts a server. All start at once, on a database that is not there.
func (s *Servers) addStore(name, storage string) error {
	opts := datastore.Options{Dir: filepath.Join(s.dir, name), Name: name, Storage: storage}
	if err := os.Mkdir(opts.Dir, 0o700); err != nil {
		return err
	}
	store, err := datastore.New(opts)
	if err != nil {
		return err
	}
	if err := store.Start(); err != nil {
		return err
	}
	s.Stores = append(s.Stores, store)
	return nil
}

func (s *Servers) addAPI(name string, servers []int) error {
	dir := filepath.Join(s.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	var endpoints []string
	for _, i := range servers {
		endpoints = append(endpoints, s.Stores[i].Endpoint())
	}
	api, err := StartAPIServer(dir, strings.Join(endpoints, ","), servedBySeveral)
	if err != nil {
		return err
	}
	s.APIs = append(s.APIs, api)
	return nil
}

// WaitReady returns when every kube-apiserver is ready.
func (s *Servers) WaitReady() error {
	for _, api := range s.APIs {
		if err := api.WaitReady(readyLimit); err != nil {
			return err
		}
	}
	return nil
}

// Behind is what a client of one kube-apiserver sees: that, and one of the servers.
func (s *Servers) Behind(api int) *Cluster {
	return &Cluster{Cell: Cell{TCP, servedBySeveral}, API: s.APIs[api], Store: s.Stores[api]}
}

// RestartStore starts a server that was killed, on the same address.
func (s *Servers) RestartStore(i int) error {
	if err := s.Stores[i].Start(); err != nil {
		return err
	}
	return s.Stores[i].WaitServing(storeStartLimit)
}

// CutOff lets nothing through between the far server and the database.
func (s *Servers) CutOff() {
	for _, link := range s.links {
		link.Cut()
	}
}

// Reach is the end of a cut.
func (s *Servers) Reach() {
	for _, link := range s.links {
		link.Mend()
	}
}

// Stop ends everything and removes its files.
func (s *Servers) Stop() {
	for _, api := range s.APIs {
		api.Stop()
	}
	for _, store := range s.Stores {
		store.Stop()
	}
	for _, database := range []*postgres.Cluster{s.Database, s.Standby} {
		if database != nil {
			database.Stop()
		}
	}
	for _, link := range s.links {
		link.Close()
	}
	_ = os.RemoveAll(s.dir)
}

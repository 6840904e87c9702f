package embed

import (
	"fmt"
	"os"
	"sync"
	"time"

	"auroch/harness/datastore"
)

// startLimit is longer than the tests themselves wait for a server.
const startLimit = 90 * time.Second

// Etcd is a started server, in the shape of etcd's embed.Etcd.
type Etcd struct {
	Server *Server
	errc   chan error
}

// Server is the process behind Etcd.
type Server struct {
	process *datastore.Server
	ready   chan struct{}
	stop    sync.Once
	urls    []string
}

// StartEtcd starts the server under test and does not wait for it to serve.
func StartEtcd(cfg *Config) (*Etcd, error) {
	process, err := datastore.New(cfg.options())
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	s := &Server{process: process, ready: make(chan struct{})}
	for _, u := range cfg.AdvertiseClientUrls {
		s.urls = append(s.urls, u.String())
	}
	go func() {
		if err := process.WaitServing(startLimit); err != nil {
			// The test fails by its own time limit; this says why.
			fmt.Fprintln(os.Stderr, "embedstub:", err)
			return
		}
		close(s.ready)
	}()
	return &Etcd{Server: s, errc: make(chan error)}, nil
}

// Close ends the server.
func (e *Etcd) Close() { e.Server.Stop() }

// Err never delivers: a server that dies shows in the test that used it.
func (e *Etcd) Err() <-chan error { return e.errc }

// ReadyNotify is closed once the server answers reads.
func (s *Server) ReadyNotify() <-chan struct{} { return s.ready }

// Stop ends the server; further calls do nothing.
func (s *Server) Stop() { s.stop.Do(s.process.Stop) }

// Cluster stands for the membership, of which the tests ask only the URLs.
func (s *Server) Cluster() *Server { return s }

// ClientURLs are the advertised URLs.
func (s *Server) ClientURLs() []string { return s.urls }

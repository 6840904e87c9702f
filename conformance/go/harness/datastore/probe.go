package datastore

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

const probePause = 10 * time.Millisecond

// FreeAddr returns a TCP address on the loopback interface that nobody listens on.
func FreeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// UnixURL is the client URL of a socket in dir, in the form that k0s uses: the
// path itself ends in a port number.
func UnixURL(dir string) string { return "unix://" + dir + "/kine.sock:2379" }

// Client dials the server with nothing but its address, and waits for no answer.
func (s *Server) Client() (*clientv3.Client, error) {
	cfg := clientv3.Config{Endpoints: []string{s.Endpoint()}, Logger: zap.NewNop()}
	if !s.opts.TLS.Empty() {
		tls, err := s.opts.TLS.ClientConfig()
		if err != nil {
			return nil, err
		}
		cfg.TLS = tls
	}
	return clientv3.New(cfg)
}

// WaitServing returns once the server answers a linearizable read. An open port
// is not enough: callers set short time limits from the start.
func (s *Server) WaitServing(limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for {
		err := s.probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.Exited():
			return fmt.Errorf("server exited before it served:\n%s", s.Log())
		case <-ctx.Done():
			return fmt.Errorf("server does not serve after %v: %w\n%s", limit, err, s.Log())
		case <-time.After(probePause):
		}
	}
}

// probe dials a client only to a port that is open: the back-off of a client
// that was refused would hide for a second that the server has come up.
func (s *Server) probe(ctx context.Context) error {
	conn, err := s.dial()
	if err != nil {
		return err
	}
	_ = conn.Close()
	c, err := s.Client()
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err = c.Get(ctx, "/health")
	return err
}

func (s *Server) dial() (net.Conn, error) {
	at, err := url.Parse(s.Endpoint())
	if err != nil {
		return nil, err
	}
	if at.Scheme == "unix" {
		return net.Dial("unix", at.Path)
	}
	return net.Dial("tcp", at.Host)
}

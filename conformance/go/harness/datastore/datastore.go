// Package datastore starts, stops and kills the etcd v3 server under test. It
// knows the server only as a binary that takes etcd's flags, so that etcd itself
// can stand in for it as the reference.
package datastore

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
)

const (
	// EnvBinary names the binary under test.
	EnvBinary = "AUROCH_SERVER"
	// EnvArgs holds further flags for it, separated by spaces, in which {dir} is
	// a folder of that server's own.
	EnvArgs = "AUROCH_SERVER_ARGS"
)

// stopGrace is how long a server may take over SIGTERM before it is killed.
const stopGrace = 5 * time.Second

// Options say how the server is started. The zero value of a field leaves the
// flag out or picks what the comment says.
type Options struct {
	Binary           string            // default: the one under test, on the storage and with the flags that the environment names
	As               string            // the name under which the binary under test runs; default: its own
	Storage          string            // DSN of the storage of the one under test; default: what the value of EnvStorage makes of Dir
	Dir              string            // holds the data directory and the log; required
	ClientURL        string            // default: a free TCP port on the loopback address
	AdvertiseURL     string            // default: ClientURL
	PeerURL          string            // default: a free TCP port on the loopback address
	Name             string            // default: "default"
	ProgressInterval time.Duration     // period of watch progress notifications
	QuotaBytes       int64             // backend quota
	UnsafeNoFsync    bool              // for suites that start a server for every check
	TLS              transport.TLSInfo // server certificate, and trust for probing
	Args             []string          // further flags
}

// Server is one server process, which may be restarted on the same data
// directory and address.
type Server struct {
	opts Options
	log  string

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{}
}

// New fills in the defaults. It starts nothing.
func New(opts Options) (*Server, error) {
	if opts.Binary == "" {
		if err := opts.underTest(); err != nil {
			return nil, err
		}
	}
	if opts.Name == "" {
		opts.Name = "default"
	}
	for _, url := range []*string{&opts.ClientURL, &opts.PeerURL} {
		if *url != "" {
			continue
		}
		addr, err := FreeAddr()
		if err != nil {
			return nil, err
		}
		*url = "http://" + addr
	}
	if opts.AdvertiseURL == "" {
		opts.AdvertiseURL = opts.ClientURL
	}
	return &Server{opts: opts, log: filepath.Join(opts.Dir, "server.log")}, nil
}

// underTest fills in what the environment says of the binary under test.
func (o *Options) underTest() error {
	o.Binary = os.Getenv(EnvBinary)
	if o.Binary == "" {
		return errors.New(EnvBinary + " does not name a server binary")
	}
	if o.As != "" {
		var err error
		if o.Binary, err = link(o.Binary, o.Dir, o.As); err != nil {
			return err
		}
	}
	if o.Storage == "" {
		o.Storage = storageOf(o.Dir)
	}
	if o.Storage != "" {
		o.UnsafeNoFsync = false // it is the data directory's
		o.Args = append(o.Args, "--storage="+o.Storage)
	}
	more := strings.ReplaceAll(os.Getenv(EnvArgs), "{dir}", o.Dir)
	o.Args = append(o.Args, strings.Fields(more)...)
	return nil
}

// Start launches the process; WaitServing tells when it answers.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(s.opts.Binary, s.flags()...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.opts.Dir, log, log
	// A test process that dies must not leave servers behind.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.opts.Binary, err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	s.cmd, s.done = cmd, done
	return nil
}

func (s *Server) flags() []string {
	o := s.opts
	flags := []string{
		"--name", o.Name,
		"--data-dir", filepath.Join(o.Dir, "data"),
		"--listen-client-urls", o.ClientURL,
		"--advertise-client-urls", o.AdvertiseURL,
		"--listen-peer-urls", o.PeerURL,
		"--initial-advertise-peer-urls", o.PeerURL,
		"--initial-cluster", o.Name + "=" + o.PeerURL,
		"--log-level", "error",
	}
	if o.ProgressInterval > 0 {
		flags = append(flags, "--watch-progress-notify-interval="+o.ProgressInterval.String())
	}
	if o.QuotaBytes > 0 {
		flags = append(flags, fmt.Sprintf("--quota-backend-bytes=%d", o.QuotaBytes))
	}
	if o.UnsafeNoFsync {
		flags = append(flags, "--unsafe-no-fsync")
	}
	if o.TLS.CertFile != "" {
		flags = append(flags, "--cert-file", o.TLS.CertFile, "--key-file", o.TLS.KeyFile)
	}
	if o.TLS.TrustedCAFile != "" {
		flags = append(flags, "--trusted-ca-file", o.TLS.TrustedCAFile)
	}
	return append(flags, o.Args...)
}

// Exited is closed once the process that Start launched last has ended.
func (s *Server) Exited() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.done
}

// Stop ends the process in order, by force if it takes too long.
func (s *Server) Stop() {
	s.signal(syscall.SIGTERM)
	select {
	case <-s.Exited():
	case <-time.After(stopGrace):
		s.Kill()
	}
}

// Kill ends the process with SIGKILL and returns when it is gone.
func (s *Server) Kill() {
	s.signal(syscall.SIGKILL)
	<-s.Exited()
}

// Freeze stops the process with SIGSTOP; nobody is told, and connections stay.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw lets it go on.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.cmd.Process.Signal(sig)
}

// Endpoint is what a client dials, and what kube-apiserver takes as --etcd-servers.
func (s *Server) Endpoint() string { return s.opts.AdvertiseURL }

// Log returns the last part of what the server has printed so far.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	const keep = 8 << 10
	if len(text) > keep {
		text = text[len(text)-keep:]
	}
	return strings.TrimSpace(string(text))
}

// Package postgres starts a private PostgreSQL for tests: a cluster in a
// temporary folder, gone with the process that started it.
package postgres

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"auroch/harness/datastore"
)

const (
	superuser  = "postgres"
	startLimit = time.Minute
	pause      = 20 * time.Millisecond
)

// Options say how it is started.
type Options struct {
	// NoFsync is for suites that make hundreds of databases, and end the servers on
	// them but never the machine.
	NoFsync bool
}

// Cluster is a PostgreSQL that may be crashed and started again.
type Cluster struct {
	opts     Options
	settings []string
	dir      string
	addr     string

	cmd  *exec.Cmd
	done chan struct{}
}

// Start makes a cluster and returns once it takes connections.
func Start(opts Options) (*Cluster, error) {
	c, err := unmade(opts)
	if err != nil {
		return nil, err
	}
	err = run("initdb", "-D", c.data(), "-U", superuser, "-A", "trust", "-E", "UTF8", "--no-sync")
	if err == nil {
		err = c.Resume()
	}
	if err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

// unmade is a cluster without files.
func unmade(opts Options) (*Cluster, error) {
	addr, err := datastore.FreeAddr()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "auroch-postgres")
	if err != nil {
		return nil, err
	}
	if err := giveAway(dir); err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return &Cluster{opts: opts, dir: dir, addr: addr}, nil
}

// DSN names a database of the cluster, which need not be there.
func (c *Cluster) DSN(database string) string {
	return dsn(c.addr, database)
}

func dsn(hosts, database string) string {
	return "postgres://" + superuser + "@" + hosts + "/" + database
}

// Resume starts it, after a crash too, and returns once it takes connections.
func (c *Cluster) Resume() error {
	host, port, err := net.SplitHostPort(c.addr)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(c.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-D", c.data(), "-p", port, "-k", c.dir}
	for _, setting := range c.allSettings(host) {
		args = append(args, "-c", setting)
	}
	c.cmd = asItsUser("postgres", args...)
	c.cmd.Stdout, c.cmd.Stderr = log, log
	if err := c.cmd.Start(); err != nil {
		return err
	}
	cmd, done := c.cmd, make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	c.done = done
	return c.waitReady(host, port)
}

func (c *Cluster) allSettings(host string) []string {
	s := append([]string{"listen_addresses=" + host, "max_connections=500", "logging_collector=off"}, c.settings...)
	if c.opts.NoFsync {
		s = append(s, "fsync=off", "full_page_writes=off")
	}
	return s
}

func (c *Cluster) waitReady(host, port string) error {
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); time.Sleep(pause) {
		if exec.Command(program("pg_isready"), "-q", "-h", host, "-p", port).Run() == nil {
			return nil
		}
		select {
		case <-c.done:
			return errors.New("PostgreSQL has ended:\n" + c.Log())
		default:
		}
	}
	return errors.New("PostgreSQL does not start:\n" + c.Log())
}

// Crash ends it at once, as `pg_ctl stop -m immediate` does: nothing more is
// written, and the next start recovers.
func (c *Cluster) Crash() {
	_ = c.cmd.Process.Signal(syscall.SIGQUIT)
	<-c.done
}

// Stop ends it and removes its files.
func (c *Cluster) Stop() {
	if c.done != nil {
		c.Crash()
	}
	_ = os.RemoveAll(c.dir)
}

// Log is what it has printed so far.
func (c *Cluster) Log() string {
	text, err := os.ReadFile(c.log())
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) log() string { return filepath.Join(c.dir, "postgres.log") }

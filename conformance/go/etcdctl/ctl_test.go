// Package etcdctl drives etcd's own command line client against the server
// under test, on TCP and on a unix socket.
package etcdctl

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auroch/harness/datastore"
)

const (
	commandLimit = 30 * time.Second
	startLimit   = 30 * time.Second
)

// ctl is etcdctl, pointed at one server.
type ctl struct {
	*testing.T
	endpoint string
}

// start starts a server for this test alone.
func start(t *testing.T, unix bool) ctl {
	t.Helper()
	// Not t.TempDir: the path of a socket is at most 107 bytes long.
	dir, err := os.MkdirTemp("", "auroch")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	opts := datastore.Options{Dir: dir}
	if unix {
		opts.ClientURL = datastore.UnixURL(dir)
	}
	server, err := datastore.New(opts)
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
	return ctl{t, server.Endpoint()}
}

func (c ctl) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(os.Getenv("AUROCH_BIN"), "etcdctl"), args...)
	cmd.Env = append(os.Environ(), "ETCDCTL_ENDPOINTS="+c.endpoint)
	return cmd
}

// try runs etcdctl with this on its standard input, and returns what it printed.
func (c ctl) try(limit time.Duration, stdin string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(c.Context(), limit)
	defer cancel()
	cmd := c.command(ctx, args...)
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &out
	err := cmd.Run()
	return strings.TrimSpace(out.String()), err
}

func (c ctl) run(args ...string) string {
	c.Helper()
	return c.feed("", args...)
}

func (c ctl) feed(stdin string, args ...string) string {
	c.Helper()
	out, err := c.try(commandLimit, stdin, args...)
	if err != nil {
		c.Fatalf("etcdctl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// prints runs etcdctl and compares what it prints.
func (c ctl) prints(want string, args ...string) {
	c.Helper()
	if got := c.run(args...); got != want {
		c.Fatalf("etcdctl %s printed %q, want %q", strings.Join(args, " "), got, want)
	}
}

// refused runs etcdctl, which must fail with these words.
func (c ctl) refused(words string, args ...string) {
	c.Helper()
	out, err := c.try(commandLimit, "", args...)
	if err == nil || !strings.Contains(out, words) {
		c.Fatalf("etcdctl %s: %v, %q; want it refused with %q", strings.Join(args, " "), err, out, words)
	}
}

// asJSON runs etcdctl and decodes what it prints.
func (c ctl) asJSON(into any, args ...string) {
	c.Helper()
	out := c.run(append(args, "--write-out=json")...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		c.Fatalf("etcdctl %s: %v in %q", strings.Join(args, " "), err, out)
	}
}

// revision is the store's, as a read tells it.
func (c ctl) revision() int64 {
	c.Helper()
	var got struct {
		Header struct{ Revision int64 }
	}
	c.asJSON(&got, "get", "nothing")
	return got.Header.Revision
}

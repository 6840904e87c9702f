package snapshot

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

const startLimit = 30 * time.Second

// kind is a server program: the one under test, or the reference.
type kind struct {
	binary  string
	restore func(t *testing.T, file, dataDir string, flags ...string)
}

func tool(name string) string { return filepath.Join(os.Getenv("AUROCH_BIN"), name) }

func etcd() kind {
	return kind{tool("etcd"), func(t *testing.T, file, dataDir string, flags ...string) {
		t.Helper()
		run(t, tool("etcdutl"), append([]string{"snapshot", "restore", file, "--data-dir", dataDir}, flags...)...)
	}}
}

// underTest is what AUROCH_SERVER names, which may be the reference itself.
func underTest() kind {
	binary := os.Getenv(datastore.EnvBinary)
	if binary == tool("etcd") {
		return etcd()
	}
	return kind{binary, func(t *testing.T, file, dataDir string, flags ...string) {
		t.Helper()
		run(t, binary, append([]string{"restore", file, "--data-dir", dataDir}, flags...)...)
	}}
}

// node is a running server and the folder that it lives in.
type node struct {
	*testing.T
	dir, endpoint, user string
	server              *datastore.Server
}

// start starts a server on an empty data directory, or on what was restored from a file.
func (k kind) start(t *testing.T, file string, flags ...string) *node {
	t.Helper()
	n := &node{T: t, dir: t.TempDir()}
	if file != "" {
		k.restore(t, file, filepath.Join(n.dir, "data"), flags...)
	}
	server, err := datastore.New(datastore.Options{Binary: k.binary, Dir: n.dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	n.server, n.endpoint = server, server.Endpoint()
	t.Cleanup(func() {
		server.Stop()
		if t.Failed() {
			t.Logf("log of %s:\n%s", k.binary, server.Log())
		}
	})
	n.wait()
	return n
}

// wait returns when the server answers, if only with a refusal of who nobody is.
func (n *node) wait() {
	n.Helper()
	ctx, cancel := context.WithTimeout(n.Context(), startLimit)
	defer cancel()
	for {
		cmd := exec.CommandContext(ctx, tool("etcdctl"), "--endpoints", n.endpoint, "get", "probe")
		out, err := cmd.CombinedOutput()
		if err == nil || bytes.Contains(out, []byte("user name is empty")) {
			return
		}
		select {
		case <-ctx.Done():
			n.Fatalf("%s does not serve: %v\n%s", n.endpoint, err, out)
		case <-n.server.Exited():
			n.Fatalf("it ended")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// ctl runs etcdctl and returns what it printed.
func (n *node) ctl(args ...string) string {
	n.Helper()
	flags := []string{"--endpoints", n.endpoint}
	if n.user != "" {
		flags = append(flags, "--user", n.user)
	}
	return run(n.T, tool("etcdctl"), append(flags, args...)...)
}

// decoded runs etcdctl and decodes what it prints.
func (n *node) decoded(into any, args ...string) {
	n.Helper()
	decode(n.T, n.ctl(append(args, "--write-out=json")...), into)
}

// save saves a snapshot and returns the file.
func (n *node) save() string {
	n.Helper()
	file := filepath.Join(n.dir, "snapshot.db")
	n.ctl("snapshot", "save", file)
	return file
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", filepath.Base(name), strings.Join(args, " "), err, &out, &errs)
	}
	return strings.TrimSpace(out.String())
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
}

// Package snapshot moves data between etcd and the server under test by
// snapshots, with etcd's own tools, and compares what both hold.
package snapshot

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

func TestThereAndBack(t *testing.T) {
	for _, authenticated := range []bool{false, true} {
		t.Run(fmt.Sprintf("authenticated=%v", authenticated), func(t *testing.T) {
			t.Parallel()
			first := etcd().start(t, "")
			lease := first.fill()
			if authenticated {
				first.ctl("auth", "enable")
				first.user = "root:root"
			}
			second := underTest().start(t, first.save())
			second.user = first.user
			same(first, second, lease)
			third := etcd().start(t, second.save())
			third.user = first.user
			same(first, third, lease)
			// And all go on alike.
			for _, n := range []*node{first, second, third} {
				n.ctl("put", "k01", "later")
				n.ctl("compact", "60", "--physical")
				n.ctl("del", "k07")
			}
			same(first, second, lease)
			same(first, third, lease)
		})
	}
}

func TestCopiedDatabaseIsTakenWithoutItsSum(t *testing.T) {
	t.Parallel()
	first := etcd().start(t, "")
	lease := first.fill()
	first.server.Stop()
	file := filepath.Join(first.dir, "data", "member", "snap", "db")
	second := underTest().start(t, file, "--skip-hash-check")
	third := etcd().start(t, second.save())
	same(second, third, lease)
}

func TestRaisedRevisionIsTheSame(t *testing.T) {
	t.Parallel()
	first := underTest().start(t, "")
	first.fill()
	file := first.save()
	flags := []string{"--bump-revision", "1000000", "--mark-compacted"}
	a, b := underTest().start(t, file, flags...), etcd().start(t, file, flags...)
	for _, n := range []*node{a, b} {
		n.ctl("put", "next", "v")
	}
	if x, y := a.hashKV(0), b.hashKV(0); x != y {
		t.Fatalf("HashKV is %+v and %+v", x, y)
	}
}

func TestStatusIsWhatTheServerHas(t *testing.T) {
	t.Parallel()
	n := underTest().start(t, "")
	n.fill()
	var got struct {
		Revision, TotalKey, TotalSize int64
		Version                       string
	}
	file := n.save()
	decode(t, run(t, tool("etcdutl"), "snapshot", "status", file, "--write-out=json"), &got)
	var all struct {
		Header struct{ Revision int64 }
		Count  int64
	}
	n.decoded(&all, "get", "", "--prefix")
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.Revision != all.Header.Revision || got.TotalKey != all.Count || got.TotalSize != info.Size()-32 || got.Version != "3.7.0" {
		t.Fatalf("the status is %+v, the server has %+v", got, all)
	}
}

// While writes go on a snapshot is of one revision: the counter's value and its version tell the same.
func TestSnapshotDuringWritesIsOfOneRevision(t *testing.T) {
	t.Parallel()
	n := underTest().start(t, "")
	done := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 1; ; i++ {
			select {
			case <-done:
				return
			default:
				_ = exec.Command(tool("etcdctl"), "--endpoints", n.endpoint, "put", "counter", fmt.Sprint(i)).Run()
			}
		}
	})
	for range 3 {
		restored := etcd().start(t, n.save())
		var got struct {
			Header struct{ Revision int64 }
			Kvs    []struct {
				Value       []byte
				ModRevision int64 `json:"mod_revision"`
				Version     int64
			}
		}
		restored.decoded(&got, "get", "counter")
		for _, kv := range got.Kvs {
			if string(kv.Value) != fmt.Sprint(kv.Version) || kv.ModRevision != got.Header.Revision {
				t.Errorf("the counter is %s in version %d at %d of %d", kv.Value, kv.Version, kv.ModRevision, got.Header.Revision)
			}
		}
	}
	close(done)
	writer.Wait()
}

func TestDamagedSnapshotIsRefused(t *testing.T) {
	t.Parallel()
	n := underTest().start(t, "")
	n.fill()
	file := n.save()
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	altered := append([]byte(nil), whole...)
	altered[len(altered)/2] ^= 1
	for name, content := range map[string][]byte{"altered": altered, "cut": whole[:len(whole)-4096]} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		into := filepath.Join(t.TempDir(), "data")
		cmd := exec.Command(os.Getenv("AUROCH_SERVER"), "restore", file, "--data-dir", into)
		if out, err := cmd.CombinedOutput(); err == nil {
			t.Errorf("a snapshot that is %s was restored: %s", name, out)
		}
		if _, err := os.Stat(into); err == nil {
			t.Errorf("a snapshot that is %s left something", name)
		}
	}
}

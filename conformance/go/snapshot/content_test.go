package snapshot

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

const compacted = 50

// fill brings a bit of everything: updates, deletions before and after a
// compaction, a value of many pages, a lease with keys, users and roles.
func (n *node) fill() (lease string) {
	n.Helper()
	lease = strings.Fields(n.ctl("lease", "grant", "4000"))[1]
	for i := range 60 {
		n.ctl("put", fmt.Sprintf("k%02d", i%17), fmt.Sprint("v", i))
	}
	n.ctl("put", "leased", "x", "--lease", lease)
	n.ctl("put", "large", strings.Repeat("large", 5000))
	n.ctl("del", "k03")
	n.ctl("compact", fmt.Sprint(compacted), "--physical")
	n.ctl("del", "k04", "k06", "--range")
	n.ctl("put", "k03", "again")
	n.ctl("user", "add", "root:root")
	n.ctl("user", "grant-role", "root", "root")
	n.ctl("user", "add", "certified", "--no-password")
	n.ctl("role", "add", "reader")
	n.ctl("role", "grant-permission", "reader", "read", "k", "--prefix")
	n.ctl("role", "grant-permission", "reader", "readwrite", "z", "--from-key")
	n.ctl("user", "grant-role", "certified", "reader")
	return lease
}

type hashKV struct {
	Hash            uint32
	CompactRevision int64 `json:"compact_revision"`
	HashRevision    int64 `json:"hash_revision"`
}

func (n *node) hashKV(revision int64) hashKV {
	n.Helper()
	var got []struct{ HashKV hashKV }
	n.decoded(&got, "endpoint", "hashkv", "--rev", strconv.FormatInt(revision, 10))
	return got[0].HashKV
}

// same fails unless two servers hold the same, at the revisions that both can read.
func same(a, b *node, lease string) {
	a.Helper()
	now := a.hashKV(0)
	if got := b.hashKV(0); got != now {
		a.Fatalf("HashKV is %+v and %+v", now, got)
	}
	// etcd answers a remembered hash at exactly the compacted revision.
	for revision := now.CompactRevision + 1; revision <= now.HashRevision; revision += 3 {
		if x, y := a.hashKV(revision), b.hashKV(revision); x != y {
			a.Errorf("HashKV at %d is %+v and %+v", revision, x, y)
		}
	}
	for _, args := range [][]string{
		{"get", "", "--prefix"},
		{"get", "", "--prefix", "--rev", fmt.Sprint(now.CompactRevision + 2)},
		{"lease", "list"},
		{"user", "list"},
		{"user", "get", "certified"},
		{"role", "list"},
		{"role", "get", "reader"},
	} {
		if x, y := a.body(args...), b.body(args...); x != y {
			a.Errorf("etcdctl %s: %s and %s", strings.Join(args, " "), x, y)
		}
	}
	for _, n := range []*node{a, b} {
		var got struct {
			GrantedTTL int64 `json:"granted-ttl"`
			TTL        int64
			Keys       []string
		}
		n.decoded(&got, "lease", "timetolive", lease, "--keys")
		if got.GrantedTTL != 4000 || got.TTL < 3500 || len(got.Keys) != 1 {
			n.Errorf("the lease is %+v", got)
		}
	}
}

// body is what etcdctl prints as JSON, without the header, which names the server.
func (n *node) body(args ...string) string {
	n.Helper()
	var got map[string]json.RawMessage
	n.decoded(&got, args...)
	for _, field := range []string{"header", "cluster_id", "member_id", "raft_term", "revision"} {
		delete(got, field)
	}
	text, err := json.Marshal(got)
	if err != nil {
		n.Fatal(err)
	}
	return string(text)
}

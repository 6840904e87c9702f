package etcdctl

import (
	"strings"
	"testing"
	"time"
)

func endpointReports(c ctl) {
	c.run("put", "a", "1")
	var status []struct {
		Endpoint string
		Status   struct {
			Header  struct{ Revision int64 }
			Version string
			DBSize  int64 `json:"dbSize"`
			Leader  uint64
		}
	}
	c.asJSON(&status, "endpoint", "status")
	if len(status) != 1 || status[0].Status.Version == "" || status[0].Status.DBSize == 0 ||
		status[0].Status.Leader == 0 || status[0].Status.Header.Revision != 2 {
		c.Fatalf("endpoint status printed %+v", status)
	}
	if got := c.run("endpoint", "health"); !strings.HasPrefix(got, c.endpoint+" is healthy: successfully committed proposal") {
		c.Fatalf("endpoint health printed %q", got)
	}
	hash := c.run("endpoint", "hashkv")
	if again := c.run("endpoint", "hashkv"); again != hash || !strings.HasPrefix(hash, c.endpoint+", ") {
		c.Fatalf("endpoint hashkv printed %q, and then %q", hash, again)
	}
	c.run("put", "a", "2")
	if other := c.run("endpoint", "hashkv"); other == hash {
		c.Fatalf("endpoint hashkv printed %q before and after a write", hash)
	}
}

func alarmAndMemberLists(c ctl) {
	c.prints("", "alarm", "list")
	if got := c.run("member", "list"); strings.Count(got, "\n") != 0 || !strings.Contains(got, ", started, ") {
		c.Fatalf("member list printed %q", got)
	}
}

func defragKeepsTheData(c ctl) {
	c.run("put", "a", "1")
	if got := c.run("defrag"); !strings.HasPrefix(got, "Finished defragmenting etcd member["+c.endpoint+"]") {
		c.Fatalf("defrag printed %q", got)
	}
	c.prints("a\n1", "get", "a")
}

// TestCheckPerf runs etcd's own check at the small size, which takes a minute.
// Its verdict depends on the machine, so only that it comes to one counts.
func TestCheckPerf(t *testing.T) {
	c := start(t, false)
	out, _ := c.try(3*time.Minute, "", "check", "perf", "--load=s", "--auto-compact", "--auto-defrag")
	for _, want := range []string{"Throughput", "Slowest request", "Stddev"} {
		if !strings.Contains(out, want) {
			t.Fatalf("check perf has no word of %q:\n%s", want, out)
		}
	}
	for line := range strings.Lines(out) {
		if at := strings.Index(line, "PASS"); at >= 0 {
			t.Log(strings.TrimSpace(line[at:]))
		} else if at := strings.Index(line, "FAIL"); at >= 0 {
			t.Log(strings.TrimSpace(line[at:]))
		}
	}
	c.prints("", "get", "--prefix", "/etcdctl-check-perf/", "--limit=1")
}

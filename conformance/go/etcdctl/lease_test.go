package etcdctl

import (
	"fmt"
	"strings"
	"time"
)

// grant returns the ID of a new lease, as etcdctl writes it.
func (c ctl) grant(seconds int) string {
	c.Helper()
	out := c.run("lease", "grant", fmt.Sprint(seconds))
	var id string
	var ttl int
	if _, err := fmt.Sscanf(out, "lease %s granted with TTL(%ds)", &id, &ttl); err != nil || ttl != seconds {
		c.Fatalf("lease grant printed %q", out)
	}
	return id
}

func leaseLife(c ctl) {
	id := c.grant(600)
	c.run("put", "a", "1", "--lease="+id)
	c.prints("found 1 leases\n"+id, "lease", "list")
	c.prints("lease "+id+" keepalived with TTL(600)", "lease", "keep-alive", "--once", id)
	if got := c.run("lease", "timetolive", "--keys", id); !strings.HasPrefix(got, "lease "+id+" granted with TTL(600s), remaining(") ||
		!strings.HasSuffix(got, "attached keys([a])") {
		c.Fatalf("lease timetolive printed %q", got)
	}
	c.prints("lease "+id+" revoked", "lease", "revoke", id)
	c.prints("", "get", "a")
	c.refused("etcdserver: requested lease not found", "lease", "revoke", id)
}

func leaseExpiry(c ctl) {
	c.run("put", "a", "1", "--lease="+c.grant(2))
	for deadline := time.Now().Add(commandLimit); c.run("get", "a") != ""; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.Fatalf("the key is still there after %v", commandLimit)
		}
	}
}

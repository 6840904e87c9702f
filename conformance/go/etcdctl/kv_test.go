package etcdctl

import (
	"fmt"
	"strings"
)

func putGetDel(c ctl) {
	c.prints("OK", "put", "a", "1")
	c.prints("a\n1", "get", "a")
	c.prints("1\na\n1", "del", "a", "--prev-kv")
	c.prints("", "get", "a")
	c.prints("0", "del", "a")
}

func getRanges(c ctl) {
	for i := range 5 {
		c.run("put", fmt.Sprint("key-", i), fmt.Sprint("value-", i))
	}
	c.run("put", "other", "x")
	c.prints("key-1\nvalue-1\nkey-2\nvalue-2", "get", "key-1", "key-3")
	c.prints("key-4\n\nkey-3", "get", "--prefix", "key-", "--order=DESCEND", "--limit=2", "--keys-only")
	if got := c.run("get", "--prefix", "key-", "--count-only", "--write-out=fields"); !strings.HasSuffix(got, `"Count" : 5`) {
		c.Fatalf("counted %q", got)
	}
	c.prints("other\nx", "get", "--from-key", "o")
}

func getOldRevision(c ctl) {
	c.run("put", "a", "1")
	then := c.revision()
	c.run("put", "a", "2")
	c.prints("a\n1", "get", "a", "--rev", fmt.Sprint(then))
	c.refused("etcdserver: mvcc: required revision is a future revision", "get", "a", "--rev", fmt.Sprint(then+100))
}

func firstWriteMakesRevisionTwo(c ctl) {
	if got := c.revision(); got != 1 {
		c.Fatalf("an empty store is at revision %d", got)
	}
	c.run("put", "a", "1")
	if got := c.revision(); got != 2 {
		c.Fatalf("after the first write the store is at revision %d", got)
	}
}

func txnTakesOneBranch(c ctl) {
	c.run("put", "a", "1")
	script := func(value string) string {
		return fmt.Sprintf("value(\"a\") = %q\n\nput a 2\nget a\n\nput b 3\ndel a\n\n", value)
	}
	if got := c.feed(script("1"), "txn"); got != "SUCCESS\n\nOK\n\na\n2" {
		c.Fatalf("where the comparison holds: %q", got)
	}
	if got := c.feed(script("1"), "txn"); got != "FAILURE\n\nOK\n\n1" {
		c.Fatalf("where the comparison fails: %q", got)
	}
	c.prints("", "get", "a")
	c.prints("b\n3", "get", "b")
}

func compactionDropsThePast(c ctl) {
	c.run("put", "a", "1")
	then := c.revision()
	c.run("put", "a", "2")
	c.prints(fmt.Sprint("compacted revision ", then+1), "compaction", fmt.Sprint(then+1))
	c.refused("etcdserver: mvcc: required revision has been compacted", "get", "a", "--rev", fmt.Sprint(then))
	c.refused("etcdserver: mvcc: required revision has been compacted", "compaction", fmt.Sprint(then))
	c.prints("a\n2", "get", "a")
	c.run("put", "a", "3")
	c.prints(fmt.Sprint("compacted revision ", then+2), "compaction", "--physical", fmt.Sprint(then+2))
}

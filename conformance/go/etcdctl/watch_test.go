package etcdctl

import (
	"bufio"
	"context"
	"fmt"
	"time"
)

// A watch from an old revision first brings the past, then what comes.
func watchReplaysAndFollows(c ctl) {
	c.run("put", "key-1", "a")
	from := c.revision()
	c.run("put", "other", "x")
	c.run("put", "key-1", "b")

	ctx, cancel := context.WithTimeout(c.Context(), commandLimit)
	defer cancel()
	cmd := c.command(ctx, "watch", "--prefix", "key-", "--rev", fmt.Sprint(from), "--prev-kv")
	cmd.WaitDelay = time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		c.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	expect := func(want ...string) {
		c.Helper()
		for _, w := range want {
			if !lines.Scan() {
				c.Fatalf("the watch ended before %q", w)
			}
			if got := lines.Text(); got != w {
				c.Fatalf("the watch printed %q, want %q", got, w)
			}
		}
	}
	expect("PUT", "key-1", "a")
	expect("PUT", "key-1", "a", "key-1", "b")
	c.run("del", "key-1")
	expect("DELETE", "key-1", "b", "key-1", "")
	cancel()
	_ = cmd.Wait()
}

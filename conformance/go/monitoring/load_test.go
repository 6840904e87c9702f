package monitoring

import (
	"context"
	"fmt"
	"time"

	"auroch/harness/datastore"
	clientv3 "go.etcd.io/etcd/client/v3"
)

const (
	loadLimit = 30 * time.Second
	loadKeys  = 50
)

// load does a little of everything that is counted: keys, transactions, a watch that sees them, a lease that is renewed
// and ended, a compaction, and calls that operators make.
func load(server *datastore.Server) error {
	client, err := server.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), loadLimit)
	defer cancel()
	watch := client.Watch(ctx, "load/", clientv3.WithPrefix())
	for _, part := range []func(context.Context, *clientv3.Client) error{putKeys, useLease, runTxn, readKeys, operate} {
		if err := part(ctx, client); err != nil {
			return err
		}
	}
	for seen := 0; seen < loadKeys; {
		response, ok := <-watch
		if !ok || response.Err() != nil {
			return fmt.Errorf("the watch ended after %d events: %w", seen, response.Err())
		}
		seen += len(response.Events)
	}
	return nil
}

func putKeys(ctx context.Context, client *clientv3.Client) error {
	for i := range loadKeys {
		if _, err := client.Put(ctx, fmt.Sprintf("load/%d", i), "value"); err != nil {
			return err
		}
	}
	_, err := client.Delete(ctx, "load/1")
	return err
}

func useLease(ctx context.Context, client *clientv3.Client) error {
	lease, err := client.Grant(ctx, 60)
	if err != nil {
		return err
	}
	if _, err := client.Put(ctx, "load/leased", "value", clientv3.WithLease(lease.ID)); err != nil {
		return err
	}
	if _, err := client.KeepAliveOnce(ctx, lease.ID); err != nil {
		return err
	}
	_, err = client.Revoke(ctx, lease.ID)
	return err
}

func runTxn(ctx context.Context, client *clientv3.Client) error {
	exists := clientv3.Compare(clientv3.Version("load/2"), ">", 0)
	_, err := client.Txn(ctx).If(exists).Then(clientv3.OpPut("load/2", "again"), clientv3.OpGet("load/3")).Commit()
	return err
}

func readKeys(ctx context.Context, client *clientv3.Client) error {
	for range 3 {
		if _, err := client.Get(ctx, "load/", clientv3.WithPrefix()); err != nil {
			return err
		}
	}
	return nil
}

func operate(ctx context.Context, client *clientv3.Client) error {
	status, err := client.Status(ctx, client.Endpoints()[0])
	if err != nil {
		return err
	}
	if _, err := client.HashKV(ctx, client.Endpoints()[0], 0); err != nil {
		return err
	}
	if _, err := client.Defragment(ctx, client.Endpoints()[0]); err != nil {
		return err
	}
	_, err = client.Compact(ctx, status.Header.Revision-2, clientv3.WithCompactPhysical())
	return err
}

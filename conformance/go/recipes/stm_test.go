package recipes

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

const accounts, money = 5, 100

// Every transfer leaves the sum as it was, however many run at a time.
func TestSTMKeepsTheSumOfAccounts(t *testing.T) {
	t.Parallel()
	levels := map[string]concurrency.Isolation{
		"SerializableSnapshot": concurrency.SerializableSnapshot,
		"Serializable":         concurrency.Serializable,
		"RepeatableReads":      concurrency.RepeatableReads,
	}
	for name, level := range levels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, client := start(t)
			for i := range accounts {
				_, err := client.Put(ctx, account(i), strconv.Itoa(money))
				check(t, err)
			}
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					for range 10 {
						_, err := concurrency.NewSTM(client, transfer, concurrency.WithIsolation(level), concurrency.WithAbortContext(ctx))
						if err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
			resp, err := client.Get(ctx, "account/", clientv3.WithPrefix())
			check(t, err)
			sum := 0
			for _, kv := range resp.Kvs {
				n, _ := strconv.Atoi(string(kv.Value))
				sum += n
			}
			if sum != accounts*money {
				t.Fatalf("the sum is %d", sum)
			}
		})
	}
}

func account(i int) string { return fmt.Sprintf("account/%d", i) }

func transfer(stm concurrency.STM) error {
	from, to := account(rand.IntN(accounts)), account(rand.IntN(accounts))
	if from == to {
		return nil
	}
	a, _ := strconv.Atoi(stm.Get(from))
	b, _ := strconv.Atoi(stm.Get(to))
	amount := a / 2
	stm.Put(from, strconv.Itoa(a-amount))
	stm.Put(to, strconv.Itoa(b+amount))
	return nil
}

func TestSTMWritesNothingIfItFails(t *testing.T) {
	t.Parallel()
	ctx, client := start(t)
	failure := fmt.Errorf("no")
	_, err := concurrency.NewSTM(client, func(stm concurrency.STM) error {
		stm.Put("k", "v")
		return failure
	}, concurrency.WithAbortContext(ctx))
	if err != failure {
		t.Fatalf("got %v", err)
	}
	resp, err := client.Get(ctx, "k")
	check(t, err)
	if resp.Count != 0 || resp.Header.Revision != 1 {
		t.Fatalf("got %v", resp)
	}
}

package suite

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"auroch/apiserver/cluster"
	"auroch/harness/datastore"
)

// TestReadyz prints how long kube-apiserver takes to be ready on an empty store,
// on etcd and on the server under test by turns. It judges nothing: times are
// those of one machine at one moment.
func TestReadyz(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv("READYZ"))
	if err != nil || rounds < 1 {
		t.Skip("set READYZ to a number of rounds to measure")
	}
	stores := []struct {
		name, binary string
		times        []time.Duration
	}{
		{name: "etcd 3.7.3", binary: filepath.Join(os.Getenv("AUROCH_BIN"), "etcd")},
		{name: filepath.Base(os.Getenv(datastore.EnvBinary)) + " (under test)"},
	}
	for _, transport := range []cluster.Transport{cluster.TCP, cluster.Unix} {
		for i := range stores {
			stores[i].times = nil
		}
		for range rounds {
			for i := range stores {
				took, err := cluster.TimeToReady(cluster.Cell{Transport: transport, Config: cluster.Default}, stores[i].binary)
				if err != nil {
					t.Fatal(err)
				}
				stores[i].times = append(stores[i].times, took)
			}
		}
		for _, s := range stores {
			slices.Sort(s.times)
			fmt.Printf("readyz %-4s %-22s median %.2fs, least %.2fs, most %.2fs of %d\n", transport, s.name,
				s.times[rounds/2].Seconds(), s.times[0].Seconds(), s.times[rounds-1].Seconds(), rounds)
		}
	}
}

package monitoring

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auroch/harness/datastore"
)

// mixinMetrics are the names that etcd's mixin reads.
// Source: etcd, contrib/mixin, alerts/alerts.libsonnet and dashboards/{targets,etcd-grafana7x}.libsonnet.
var mixinMetrics = []string{
	"etcd_disk_backend_commit_duration_seconds",
	"etcd_disk_wal_fsync_duration_seconds",
	"etcd_mvcc_db_total_size_in_bytes",
	"etcd_mvcc_db_total_size_in_use_in_bytes",
	"etcd_network_client_grpc_received_bytes_total",
	"etcd_network_client_grpc_sent_bytes_total",
	"etcd_network_peer_received_bytes_total",
	"etcd_network_peer_round_trip_time_seconds",
	"etcd_network_peer_sent_bytes_total",
	"etcd_network_peer_sent_failures_total",
	"etcd_server_has_leader",
	"etcd_server_leader_changes_seen_total",
	"etcd_server_proposals_applied_total",
	"etcd_server_proposals_committed_total",
	"etcd_server_proposals_failed_total",
	"etcd_server_proposals_pending",
	"etcd_server_quota_backend_bytes",
	"grpc_server_handled_total",
	"grpc_server_handling_seconds",
	"grpc_server_started_total",
	"process_resident_memory_bytes",
}

// notOurs begin the names of what only a program in Go, or one that counts the traffic of its whole host as its own, can say.
var notOurs = []string{"go_", "process_network_"}

func TestEveryMetricOfTheMixinIsThere(t *testing.T) {
	for _, name := range mixinMetrics {
		isOfPeers := strings.HasPrefix(name, "etcd_network_peer_")
		if scrapes[0][name] == nil && !(isReference() && isOfPeers) {
			t.Errorf("%s is missing", name)
		}
	}
}

// What etcd shows after the same load is shown here, with the same type, labels and buckets.
func TestMetricsAreEtcds(t *testing.T) {
	server, err := start(datastore.Options{
		Binary: filepath.Join(os.Getenv("AUROCH_BIN"), "etcd"),
		Dir:    t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Kill()
	if err := load(server); err != nil {
		t.Fatal(err)
	}
	reference, err := scrape(server)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range reference.names() {
		if slices.ContainsFunc(notOurs, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			want, got := reference[name], scrapes[0][name]
			if got == nil {
				t.Fatal("it is missing")
			}
			if want.GetType() != got.GetType() {
				t.Errorf("it is a %v, and etcd's a %v", got.GetType(), want.GetType())
			}
			if want, got := labelNames(want), labelNames(got); !slices.Equal(want, got) {
				t.Errorf("its labels are %v, and etcd's %v", got, want)
			}
			// Where etcd shows something before it happens, so is it here.
			if name == "grpc_server_handled_total" && len(want.Metric) > len(got.Metric) {
				t.Errorf("%d series are shown, fewer than etcd's %d", len(got.Metric), len(want.Metric))
			}
			if want, got := bounds(want), bounds(got); !slices.Equal(want, got) {
				t.Errorf("its buckets are %v, and etcd's %v", got, want)
			}
		})
	}
}

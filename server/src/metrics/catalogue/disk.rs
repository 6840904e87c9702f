use super::{Entry, Topic, counter, gauge, histogram};

pub(super) static TOPIC: Topic = Topic { title: "Keys and the storage", entries: &ENTRIES };

static ENTRIES: [Entry; 15] = [
    counter("etcd_mvcc_range_total", "Ranges read, those of transactions, and their compares, included."),
    counter("etcd_mvcc_put_total", "Keys put, those of transactions included."),
    counter("etcd_mvcc_delete_total", "Ranges deleted, and keys of leases that ended."),
    counter("etcd_mvcc_txn_total", "Transactions of more than one operation or compare."),
    gauge(
        "etcd_mvcc_db_total_size_in_bytes",
        "Bytes of the storage on the disk; on PostgreSQL about what rows hold, for it uses free space again.",
    ),
    gauge("etcd_mvcc_db_total_size_in_use_in_bytes", "Of them not free for reuse."),
    gauge("etcd_mvcc_db_open_read_transactions", "0: no read keeps one open.").constant(),
    histogram(
        "etcd_disk_wal_fsync_duration_seconds",
        "How long the commit of a group took: SQLite's flush of its log. Elsewhere, the append as a whole, if it is durable.",
    ),
    histogram("etcd_disk_wal_write_duration_seconds", "How long writing a group took, before its flush."),
    gauge("etcd_disk_wal_write_bytes_total", "Bytes of commits written since the start."),
    histogram(
        "etcd_disk_backend_commit_duration_seconds",
        "How long the storage took to append a group: write and flush.",
    ),
    gauge("etcd_disk_defrag_inflight", "Defragmentations going on."),
    histogram("etcd_disk_backend_defrag_duration_seconds", "How long Defragment calls took. Nothing stops meanwhile."),
    histogram("etcd_disk_backend_snapshot_duration_seconds", "How long Snapshot calls took."),
    histogram(
        "etcd_debugging_disk_backend_commit_write_duration_seconds",
        "The same as etcd_disk_backend_commit_duration_seconds.",
    ),
];

package etcdctl

import "testing"

// checks are run on both transports, each with a server of its own.
var checks = []struct {
	name string
	run  func(ctl)
}{
	{"put, get and del", putGetDel},
	{"get by range, prefix, order and limit", getRanges},
	{"get of an old revision", getOldRevision},
	{"the first write makes revision two", firstWriteMakesRevisionTwo},
	{"txn takes one branch", txnTakesOneBranch},
	{"watch replays and follows", watchReplaysAndFollows},
	{"lease grant, keep-alive, timetolive and revoke", leaseLife},
	{"lease expiry deletes the key", leaseExpiry},
	{"compaction drops the past", compactionDropsThePast},
	{"endpoint status, health and hashkv", endpointReports},
	{"alarm and member lists", alarmAndMemberLists},
	{"defrag keeps the data", defragKeepsTheData},
}

func TestTCP(t *testing.T) { all(t, false) }

func TestUnix(t *testing.T) { all(t, true) }

func all(t *testing.T, unix bool) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(start(t, unix))
		})
	}
}

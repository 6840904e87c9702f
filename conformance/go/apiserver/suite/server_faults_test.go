package suite

import (
	"time"

	"auroch/apiserver/cluster"
)

// serverFault is something that happens to a server or to the database.
type serverFault struct {
	name string
	run  func(w *watched)
}

var serverFaults = []serverFault{
	{"a server is killed and comes back", (*watched).killServer},
	{"a server is stopped and goes on", (*watched).stopServer},
	{"a server is cut off from the database and reaches it again", (*watched).cutOff},
	{"the database crashes and recovers", (*watched).crashDatabase},
	{"the database is lost and its standby takes over", (*watched).failOver},
}

// killServer: through those that are left, writes go on.
func (w *watched) killServer() {
	w.servers.Stores[0].Kill()
	w.awaitAcks(w.loads[len(w.loads)-1], 50)
	w.must(w.servers.RestartStore(0))
}

// stopServer stops the leader's server, for longer than the election's lease and
// the database's patience with an open transaction last. Who leads behind other
// servers takes over.
func (w *watched) stopServer() {
	const stopped = 15 * time.Second
	leader := w.election.awaitLeader(w.env, "")
	victim := w.election.behind[leader]
	store := w.servers.Stores[victim]
	store.Freeze()
	defer store.Thaw()
	thaw := time.After(stopped)
	w.awaitAcks(w.loads[(victim+1)%len(w.loads)], 5)
	if len(w.behind) > 1 {
		w.election.awaitLeader(w.env, leader)
	}
	<-thaw
}

// cutOff is longer than a server waits for an answer. The others go on meanwhile.
func (w *watched) cutOff() {
	const away = 9 * time.Second
	w.servers.CutOff()
	defer w.servers.Reach()
	mended := time.After(away)
	w.awaitAcks(w.loads[(cluster.Far+1)%len(w.loads)], 5)
	<-mended
}

// crashDatabase ends it as a crash does, and starts it again after a while.
func (w *watched) crashDatabase() {
	const away = 2 * time.Second
	w.servers.Database.Crash()
	time.Sleep(away)
	w.must(w.servers.Database.Resume())
}

func (w *watched) failOver() {
	w.servers.Database.Crash()
	w.must(w.servers.Standby.Promote())
}

package postgres

import (
	"net"
	"strings"
	"sync"
)

// Link is a way to a cluster that can be cut: then nothing goes through, and
// nobody is told.
type Link struct {
	listener net.Listener
	cluster  *Cluster
	// whole is held by all that goes through, and by the cut.
	whole sync.RWMutex
}

// Link makes a way to the cluster.
func (c *Cluster) Link() (*Link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &Link{listener: listener, cluster: c}
	go l.accept()
	return l, nil
}

// DSNThrough names a database of whichever of the clusters is the primary, each
// by a way of its own.
func DSNThrough(database string, links ...*Link) string {
	var hosts []string
	for _, l := range links {
		hosts = append(hosts, l.listener.Addr().String())
	}
	return dsn(strings.Join(hosts, ","), database)
}

// Cut lets nothing through until Mend. What was sent meanwhile arrives then, as
// TCP would send it again.
func (l *Link) Cut() { l.whole.Lock() }

// Mend is the end of a cut.
func (l *Link) Mend() { l.whole.Unlock() }

// Close ends the way for new connections.
func (l *Link) Close() { _ = l.listener.Close() }

func (l *Link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		go l.join(client)
	}
}

// join carries both directions until one ends.
func (l *Link) join(client net.Conn) {
	defer client.Close()
	l.whole.RLock()
	database, err := net.Dial("tcp", l.cluster.addr)
	l.whole.RUnlock()
	if err != nil {
		return
	}
	defer database.Close()
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{client, database}, {database, client}} {
		go func() {
			l.carry(way[0], way[1])
			ended <- struct{}{}
		}()
	}
	<-ended
}

// carry ends with the connection; during a cut that is as little seen as all else.
func (l *Link) carry(from, to net.Conn) {
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		l.whole.RLock()
		if n > 0 {
			if _, failed := to.Write(buffer[:n]); failed != nil {
				err = failed
			}
		}
		l.whole.RUnlock()
		if err != nil {
			return
		}
	}
}

// Package cluster starts a real kube-apiserver on the store under test.
package cluster

// Cell is one way of putting kube-apiserver on a store.
type Cell struct {
	Transport Transport
	Config    Config
}

// Name is the cell's name as part of a test's name.
func (c Cell) Name() string { return string(c.Transport) + "-" + c.Config.Name }

// Transport is how kube-apiserver reaches the store.
type Transport string

// The store listens on a TCP port, on a unix socket, or on a TCP port with mutual
// TLS, started as kubeadm starts etcd.
const (
	TCP       Transport = "tcp"
	Unix      Transport = "unix"
	MutualTLS Transport = "mtls"
)

// Config is a set of kube-apiserver flags that changes what reaches the store.
type Config struct {
	Name string
	Args []string
	// WatchCache tells whether reads and watches go through kube-apiserver's cache.
	WatchCache bool
	// WatchList tells whether clients may start with a streaming list.
	WatchList bool
	// RangeStream tells whether lists are streamed from the store.
	RangeStream bool
}

const streamingGatesOff = "--feature-gates=WatchList=false,ListFromCacheSnapshot=false,EtcdRangeStream=false"

var (
	// Default is kube-apiserver as released.
	Default = Config{Name: "default", WatchCache: true, WatchList: true, RangeStream: true}
	// Plain takes away what newer releases added: lists are unary and pages come
	// from the store.
	Plain = Config{Name: "plain", WatchCache: true, Args: []string{streamingGatesOff}}
	// Uncached sends every read and every watch to the store, so that history is
	// the store's alone; what scenarios look back at must not be compacted yet.
	Uncached = Config{Name: "uncached", WatchList: true, RangeStream: true,
		Args: []string{"--watch-cache=false", "--etcd-compaction-interval=20s"}}
)

// Matrix is every cell that the scenarios run in: TCP and unix sockets with both
// gate configurations, once without the watch cache, and once over mutual TLS.
var Matrix = []Cell{{TCP, Default}, {Unix, Default}, {TCP, Plain}, {Unix, Plain}, {TCP, Uncached}, {MutualTLS, Default}}

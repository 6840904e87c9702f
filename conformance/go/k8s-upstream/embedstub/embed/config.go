// Package embed takes the place of etcd's embed package, through a replace
// directive, so that tests which embed an etcd server start the server under
// test instead. It has the part of the API that Kubernetes' storage tests use,
// under etcd's names.
package embed

import (
	"net/url"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.uber.org/zap"

	"auroch/harness/datastore"
)

// Config is what the tests may set of a server.
type Config struct {
	Name, Dir, InitialCluster             string
	ListenPeerUrls, AdvertisePeerUrls     []url.URL
	ListenClientUrls, AdvertiseClientUrls []url.URL
	ClientTLSInfo                         transport.TLSInfo
	UnsafeNoFsync                         bool
	WatchProgressNotifyInterval           time.Duration
	QuotaBackendBytes                     int64
	ZapLoggerBuilder                      func(*Config) error
}

// NewConfig has etcd's defaults as far as the tests depend on them.
func NewConfig() *Config {
	return &Config{Name: "default", WatchProgressNotifyInterval: 10 * time.Minute, QuotaBackendBytes: 2 << 30}
}

// InitialClusterFromName writes the one-member cluster that the tests start.
func (c *Config) InitialClusterFromName(name string) string {
	if len(c.AdvertisePeerUrls) == 0 {
		return ""
	}
	return name + "=" + c.AdvertisePeerUrls[0].String()
}

// NewZapLoggerBuilder ignores the logger: a server process logs to a file.
func NewZapLoggerBuilder(*zap.Logger) func(*Config) error {
	return func(*Config) error { return nil }
}

func (c *Config) options() datastore.Options {
	return datastore.Options{
		Dir:              c.Dir,
		Name:             c.Name,
		ClientURL:        c.ListenClientUrls[0].String(),
		AdvertiseURL:     c.AdvertiseClientUrls[0].String(),
		PeerURL:          c.ListenPeerUrls[0].String(),
		ProgressInterval: c.WatchProgressNotifyInterval,
		QuotaBytes:       c.QuotaBackendBytes,
		UnsafeNoFsync:    c.UnsafeNoFsync,
		TLS:              c.ClientTLSInfo,
	}
}

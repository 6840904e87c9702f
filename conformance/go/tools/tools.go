//go:build tools

// Package tools keeps in go.mod the release of etcd that the conformance runs
// take as reference: its server, and the clients that are driven against ours.
package tools

import (
	_ "go.etcd.io/etcd/etcdctl/v3"
	_ "go.etcd.io/etcd/etcdutl/v3"
	_ "go.etcd.io/etcd/server/v3"
)

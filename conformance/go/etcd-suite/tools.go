//go:build tools

// Package tools keeps in go.mod the release of etcd whose own tests are built,
// unmodified, by the run script of the folder above, and the clients that they
// run; framework is named for the modules that its tests need.
package tools

import (
	_ "go.etcd.io/etcd/etcdctl/v3"
	_ "go.etcd.io/etcd/etcdutl/v3"
	_ "go.etcd.io/etcd/tests/v3/common"
	_ "go.etcd.io/etcd/tests/v3/framework"
)

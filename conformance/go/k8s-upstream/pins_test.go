// Package upstream keeps in go.mod the release of k8s.io/apiserver whose own
// tests are built, unmodified, by the run script of the folder above.
package upstream

import (
	_ "k8s.io/apiserver/pkg/storage/cacher"
	_ "k8s.io/apiserver/pkg/storage/etcd3"
	_ "k8s.io/apiserver/pkg/storage/storagebackend/factory"
)

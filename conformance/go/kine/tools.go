//go:build tools

// Package kine keeps in go.mod the release of kine that the benches measure beside the server. It is apart from etcd's, so that each
// is built with the dependencies of its own release.
package kine

import _ "github.com/k3s-io/kine"

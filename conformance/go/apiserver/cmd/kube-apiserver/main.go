// Command kube-apiserver is the stock Kubernetes API server, built from its Go
// module so that a clean clone needs nothing but Go to run it.
package main

import (
	"os"
	"time"

	"k8s.io/apiserver/pkg/storage/cacher/consistency"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	// Every watch cache compares itself with the store at this period. Five
	// minutes, the default, would never come around in a test.
	if period, err := time.ParseDuration(os.Getenv("AUROCH_CONSISTENCY_CHECK_PERIOD")); err == nil {
		consistency.CheckPeriod = period
	}
	os.Exit(cli.Run(app.NewAPIServerCommand()))
}

// Package suite drives a real kube-apiserver, on the store under test, as
// clients of Kubernetes do, and checks what they may rely on.
package suite

import (
	"flag"
	"os"
	"testing"

	"auroch/apiserver/cluster"
)

// Scenarios mostly wait, so more of them run at a time than there are processors.
const scenariosAtOnce = "16"

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", scenariosAtOnce); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// scenario is one behaviour, checked in a namespace of its own.
type scenario struct {
	name string
	run  func(e *env)
	// in says where it applies; nil means everywhere.
	in func(cluster.Config) bool
}

// TestMatrix runs all scenarios in every cell, one cell at a time.
func TestMatrix(t *testing.T) {
	for _, cell := range cluster.Matrix {
		t.Run(cell.Name(), func(t *testing.T) {
			c, err := cluster.Start(cell)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { stop(t, c) })
			runScenarios(t, c)
			// Every scenario's client would see this one.
			t.Run("a killed store loses nothing", func(t *testing.T) { storeKilledUnderLoad(newEnv(t, c)) })
			t.Run("the metrics tell of no fault", func(t *testing.T) { metricsTellOfNoFault(newEnv(t, c)) })
		})
	}
}

func runScenarios(t *testing.T, c *cluster.Cluster) {
	t.Run("scenarios", func(t *testing.T) {
		for _, group := range [][]scenario{
			objectScenarios, patchScenarios, applyScenarios, conflictScenarios, allocationScenarios,
			listScenarios, continueScenarios, watchScenarios, manyWatcherScenarios,
			customScenarios, eventScenarios, namespaceScenarios,
		} {
			for _, s := range group {
				if s.in != nil && !s.in(c.Cell.Config) {
					continue
				}
				t.Run(s.name, func(t *testing.T) {
					t.Parallel()
					s.run(newEnv(t, c))
				})
			}
		}
	})
}

func stop(t *testing.T, c *cluster.Cluster) {
	select {
	case <-c.API.Exited():
		t.Errorf("kube-apiserver has ended by itself:\n%s", c.API.Log())
	default:
	}
	if t.Failed() {
		t.Logf("end of kube-apiserver's log:\n%s\nend of the store's log:\n%s", c.API.Log(), c.Store.Log())
	}
	c.Stop()
}

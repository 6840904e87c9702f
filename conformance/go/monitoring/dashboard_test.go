package monitoring

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

const dashboardFile = "../../../monitoring/dashboard.json"

// dashboard is what Grafana's form has that is checked.
type dashboard struct {
	Title      string  `json:"title"`
	Panels     []panel `json:"panels"`
	Templating struct {
		List []struct {
			Name string `json:"name"`
		} `json:"list"`
	} `json:"templating"`
}

type panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	GridPos     struct {
		X, Y, W, H int
	} `json:"gridPos"`
	FieldConfig struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
	Targets []struct {
		Expr         string `json:"expr"`
		LegendFormat string `json:"legendFormat"`
	} `json:"targets"`
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	text, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var board dashboard
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	return board
}

// filledIn is a query with Grafana's variables as it fills them in when all is selected.
func filledIn(query string) string {
	return strings.NewReplacer("$job", ".*", "$instance", ".*", "$__rate_interval", "4m").Replace(query)
}

func TestNoPanelIsEmpty(t *testing.T) {
	panels := 0
	for _, panel := range readDashboard(t).Panels {
		if panel.Type == "row" {
			continue
		}
		panels++
		t.Run(panel.Title, func(t *testing.T) {
			if len(panel.Targets) == 0 {
				t.Error("it asks for nothing")
			}
			for _, target := range panel.Targets {
				if isReference() && readsOurs(t, filledIn(target.Expr)) {
					continue
				}
				if answer := ask(t, filledIn(target.Expr)); !saysSomething(answer) {
					t.Errorf("%q is empty: %s\n%v", target.LegendFormat, target.Expr, answer)
				}
			}
		})
	}
	if panels < 20 {
		t.Errorf("there are only %d panels", panels)
	}
}

func TestPanelsAreLaidOutAndExplained(t *testing.T) {
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, panel := range readDashboard(t).Panels {
		if ids[panel.ID] {
			t.Errorf("%s: the id %d is there twice", panel.Title, panel.ID)
		}
		ids[panel.ID] = true
		for x := panel.GridPos.X; x < panel.GridPos.X+panel.GridPos.W; x++ {
			for y := panel.GridPos.Y; y < panel.GridPos.Y+panel.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("%s lies on %s", panel.Title, other)
				}
				taken[[2]int{x, y}] = panel.Title
			}
		}
		if panel.GridPos.X+panel.GridPos.W > 24 {
			t.Errorf("%s is wider than the board", panel.Title)
		}
		if panel.Type != "row" && (panel.Description == "" || panel.FieldConfig.Defaults.Unit == "") {
			t.Errorf("%s lacks a description or a unit", panel.Title)
		}
	}
}

// What etcd's own dashboard reads of a single member, ours reads too.
func TestTheDashboardHasWhatEtcdsHas(t *testing.T) {
	read := map[string]bool{}
	for _, panel := range readDashboard(t).Panels {
		for _, target := range panel.Targets {
			for _, name := range selected(t, filledIn(target.Expr)) {
				read[strings.TrimSuffix(name, "_bucket")] = true
			}
		}
	}
	// Of peers there are none; whether there is a leader is said as whether the storage takes writes; and how long each
	// method takes is not there unless it is asked for.
	notRead := map[string]bool{"etcd_server_has_leader": true, "grpc_server_handling_seconds": true}
	for _, name := range mixinMetrics {
		if !read[name] && !notRead[name] && !strings.HasPrefix(name, "etcd_network_peer_") {
			t.Errorf("nothing reads %s", name)
		}
	}
}

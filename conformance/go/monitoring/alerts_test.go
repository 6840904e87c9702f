package monitoring

import (
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
)

const alertsFile = "../../../monitoring/alerts.yaml"

func rules(t *testing.T) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.ParseFile(alertsFile, false, model.UTF8Validation, language, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var rules []rulefmt.Rule
	for _, group := range groups.Groups {
		rules = append(rules, group.Rules...)
	}
	return rules
}

func TestAlertsAreWellFormed(t *testing.T) {
	severities := map[string]bool{"info": true, "warning": true, "critical": true}
	for _, rule := range rules(t) {
		if !severities[rule.Labels["severity"]] || rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
			t.Errorf("%s lacks a severity, a summary or a description", rule.Alert)
		}
	}
}

// An alert that looks for a name that is not there would never fire.
func TestAlertsLookForWhatIsThere(t *testing.T) {
	for _, rule := range rules(t) {
		for _, name := range selected(t, rule.Expr) {
			if !isScraped(name) && !(isReference() && strings.HasPrefix(name, "auroch_")) {
				t.Errorf("%s looks for %s, which is not there", rule.Alert, name)
			}
		}
	}
}

func TestNoAlertFiresOnAHealthyServer(t *testing.T) {
	for _, rule := range rules(t) {
		if fired := ask(t, rule.Expr); len(fired) > 0 {
			t.Errorf("%s fires: %v", rule.Alert, fired)
		}
	}
}

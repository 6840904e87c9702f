package cluster

import (
	"os"
	"strings"
)

// Log returns what matters of kube-apiserver's log: from the first panic on, or
// the end of it.
func (a *APIServer) Log() string {
	text, err := os.ReadFile(a.log)
	if err != nil {
		return err.Error()
	}
	const keep = 6 << 10
	log := string(text)
	if at := strings.Index(log, "panic: "); at >= 0 {
		log = log[at:]
		return log[:min(keep, len(log))]
	}
	return log[max(0, len(log)-keep):]
}

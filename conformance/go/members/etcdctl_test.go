package members

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// etcdctl knows one endpoint.
func (f fleet) etcdctl(endpoint string, args ...string) string {
	f.Helper()
	cmd := exec.CommandContext(f.Context(), filepath.Join(os.Getenv("AUROCH_BIN"), "etcdctl"), args...)
	cmd.Env = append(os.Environ(), "ETCDCTL_ENDPOINTS="+endpoint)
	out, err := cmd.CombinedOutput()
	if err != nil {
		f.Fatalf("etcdctl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (f fleet) asJSON(into any, args ...string) {
	f.Helper()
	out := f.etcdctl(f.servers[0].Endpoint(), append(args, "--write-out=json")...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		f.Fatalf("etcdctl %s: %v in %q", strings.Join(args, " "), err, out)
	}
}

type header struct {
	ClusterID uint64 `json:"cluster_id"`
	MemberID  uint64 `json:"member_id"`
	Revision  int64
}

func TestMemberList(t *testing.T) {
	_, f := start(t)
	var listed struct {
		Members []struct {
			ID         uint64
			Name       string
			ClientURLs []string
		}
	}
	f.asJSON(&listed, "member", "list")
	byName := map[string][]string{}
	for _, member := range listed.Members {
		byName[member.Name] = member.ClientURLs
	}
	for n, name := range []string{"one", "two"} {
		if want := []string{f.servers[n].Endpoint()}; !slices.Equal(byName[name], want) {
			t.Fatalf("%s has the URLs %v, want %v", name, byName[name], want)
		}
	}
	shown := f.etcdctl(f.servers[1].Endpoint(), "member", "list")
	if strings.Count(shown, ", started, ") != 2 {
		t.Fatalf("etcdctl shows %q", shown)
	}
}

func TestEndpointStatusOfAllMembers(t *testing.T) {
	ctx, f := start(t)
	_, err := f.client(f.servers[1].Endpoint()).Put(ctx, "a", "1")
	check(t, err)
	var status []struct {
		Endpoint string
		Status   struct {
			Header header
			Leader uint64
		}
	}
	// A status tells of what a server has: a linearizable read brings all up to date.
	for _, server := range f.servers {
		_, err := f.client(server.Endpoint()).Get(ctx, "a")
		check(t, err)
	}
	f.asJSON(&status, "endpoint", "status", "--cluster")
	if len(status) != 2 {
		t.Fatalf("endpoint status printed %+v", status)
	}
	one, two := status[0].Status, status[1].Status
	if one.Header.ClusterID != two.Header.ClusterID || one.Header.MemberID == two.Header.MemberID {
		t.Fatalf("they are not two members of one cluster: %+v", status)
	}
	if one.Header.Revision != 2 || two.Header.Revision != 2 || one.Leader == 0 || two.Leader == 0 {
		t.Fatalf("endpoint status printed %+v", status)
	}
	endpoints := slices.Sorted(slices.Values([]string{status[0].Endpoint, status[1].Endpoint}))
	if !slices.Equal(endpoints, f.endpoints()) {
		t.Fatalf("it asked %v, want %v", endpoints, f.endpoints())
	}
}

func TestEndpointHealthOfAllMembers(t *testing.T) {
	ctx, f := start(t)
	first := f.servers[0].Endpoint()
	health := f.etcdctl(first, "endpoint", "health", "--cluster")
	for _, endpoint := range f.endpoints() {
		if !strings.Contains(health, endpoint+" is healthy") {
			t.Fatalf("endpoint health printed %q", health)
		}
	}
	hashes := strings.Split(f.etcdctl(first, "endpoint", "hashkv", "--cluster"), "\n")
	if _, one, _ := strings.Cut(hashes[0], ", "); len(hashes) != 2 || !strings.HasSuffix(hashes[1], ", "+one) {
		t.Fatalf("they do not have the same: %q", hashes)
	}
	f.servers[1].Kill()
	f.lists(ctx, f.servers[0], 1)
	health = f.etcdctl(first, "endpoint", "health", "--cluster")
	if !strings.HasPrefix(health, first+" is healthy") || strings.Contains(health, f.servers[1].Endpoint()) {
		t.Fatalf("endpoint health printed %q", health)
	}
}

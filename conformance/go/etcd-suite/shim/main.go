// Command shim is what etcd's tests start under the name etcd.
//
// It becomes the server under test, so that signals, exit status, output and
// process id are the server's own. With one exception: where a test starts a
// cluster of several members, only the first is a server, told that it is
// alone; every other member is this program, which forwards that member's
// client ports to the first. So tests that ask for three members without
// needing three, as most do, judge a server that is always alone.
//
// What it needs to know is in shim.json beside it: etcd's test framework hands
// on few environment variables.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

type settings struct {
	// Server is the server under test.
	Server string `json:"server"`
	// Storage is where the server stores; empty is its data directory.
	Storage string `json:"storage"`
	// Pids is a file to which every process appends its id.
	Pids string `json:"pids"`
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("shim: ")
	cfg, err := load()
	if err != nil {
		log.Fatal(err)
	}
	args := os.Args[1:]
	members := parseCluster(flagValue(args, "initial-cluster"))
	own := slices.IndexFunc(members, func(m member) bool { return m.name == flagValue(args, "name") })
	if own >= 0 && len(members) > 1 {
		first := 0
		if own == 0 && flagValue(args, "initial-cluster-state") == "existing" {
			first = 1 // one that joins names itself first
		}
		if own != first {
			if err := forward(args, members[own], members[first]); err != nil {
				log.Fatal(err)
			}
			return
		}
		args = alone(args, members[own])
	}
	args = onStorage(args, cfg.Storage)
	log.Fatal(syscall.Exec(cfg.Server, append([]string{os.Args[0]}, args...), os.Environ()))
}

// load reads the settings, and says that this process is one of ours.
func load() (cfg settings, err error) {
	exe, err := os.Executable()
	if err != nil {
		return cfg, err
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(exe), "shim.json"))
	if err != nil {
		return cfg, err
	}
	if err := json.Unmarshal(text, &cfg); err != nil {
		return cfg, err
	}
	pids, err := os.OpenFile(cfg.Pids, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return cfg, err
	}
	defer pids.Close()
	_, err = fmt.Fprintln(pids, os.Getpid())
	return cfg, err
}

package datastore

import (
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// EnvStorage names the storage of servers under test, as their flag --storage
// takes it, where it is not the data directory: a DSN in which {dir} is a folder
// and {name} a name of that server's own, which a restart keeps.
const EnvStorage = "AUROCH_STORAGE"

// storageOf is the storage of the server in dir; empty is its data directory.
func storageOf(dir string) string {
	return strings.NewReplacer("{dir}", dir, "{name}", nameOf(dir)).Replace(os.Getenv(EnvStorage))
}

// nameOf is a name for a database.
func nameOf(dir string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(dir))
	return fmt.Sprintf("test_%016x", h.Sum64())
}

// link makes a binary available under another name: what it is called decides
// whose flags it takes.
func link(binary, dir, name string) (string, error) {
	path, err := exec.LookPath(binary)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return "", err
	}
	linked := filepath.Join(dir, name)
	return linked, os.Symlink(path, linked)
}

package main

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
)

// onStorage names the server's storage where it is not the data directory: a DSN
// in which {dir} is that directory and {name} a name that belongs to it.
func onStorage(args []string, dsn string) []string {
	if dsn == "" {
		return args
	}
	dir := flagValue(args, "data-dir")
	h := fnv.New64a()
	_, _ = h.Write([]byte(dir))
	dsn = strings.NewReplacer("{dir}", dir, "{name}", fmt.Sprintf("test_%016x", h.Sum64())).Replace(dsn)
	// Whether it syncs is the data directory's matter.
	args = slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return strings.Contains(arg, "unsafe-no-fsync") })
	return append(args, "--storage="+dsn)
}

// Command postgres runs a private PostgreSQL, without fsync, for as long as its
// standard input is open. It prints the DSN of its databases, with {name} in the
// place of a database's name.
package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"auroch/harness/postgres"
)

func main() {
	// Whoever started it was told to end as well, and closes the input then.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM)
	cluster, err := postgres.Start(postgres.Options{NoFsync: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, "postgres:", err)
		os.Exit(1)
	}
	defer cluster.Stop()
	fmt.Println(cluster.DSN("{name}"))
	_, _ = io.Copy(io.Discard, os.Stdin)
}

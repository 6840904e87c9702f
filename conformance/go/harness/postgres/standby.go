package postgres

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// standbyName is the one under which a primary knows its standby.
const standbyName = "standby"

// Standby makes a streaming standby, without which the primary commits nothing
// any more: what is acknowledged is on its disk too.
func (c *Cluster) Standby() (*Cluster, error) {
	host, port, err := net.SplitHostPort(c.addr)
	if err != nil {
		return nil, err
	}
	s, err := unmade(c.opts)
	if err != nil {
		return nil, err
	}
	s.settings = []string{
		fmt.Sprintf("primary_conninfo=host=%s port=%s user=%s", host, port, superuser),
		"cluster_name=" + standbyName,
	}
	if err := s.follow(c); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (c *Cluster) follow(primary *Cluster) error {
	if err := run("pg_basebackup", "-D", c.data(), "-d", primary.DSN(superuser), "-X", "stream", "-c", "fast", "--no-sync"); err != nil {
		return err
	}
	signal := filepath.Join(c.data(), "standby.signal")
	if err := os.WriteFile(signal, nil, 0o600); err != nil {
		return err
	}
	if err := giveAway(signal); err != nil {
		return err
	}
	if err := c.Resume(); err != nil {
		return err
	}
	if err := primary.set("synchronous_standby_names", standbyName); err != nil {
		return err
	}
	return primary.waitSynchronous()
}

func (c *Cluster) waitSynchronous() error {
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); time.Sleep(pause) {
		n, err := c.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")
		if err != nil {
			return err
		}
		if n == "1" {
			return nil
		}
	}
	return fmt.Errorf("the standby of %s does not stream", c.addr)
}

// Promote makes a standby a primary, which waits for nobody.
func (c *Cluster) Promote() error { return run("pg_ctl", "promote", "-w", "-D", c.data()) }

func (c *Cluster) set(name, value string) error {
	if _, err := c.sql(fmt.Sprintf("ALTER SYSTEM SET %s = '%s'", name, value)); err != nil {
		return err
	}
	_, err := c.sql("SELECT pg_reload_conf()")
	return err
}

func (c *Cluster) sql(statement string) (string, error) {
	out, err := asItsUser("psql", "-XAt", "-d", c.DSN(superuser), "-c", statement).CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return "", fmt.Errorf("psql: %w\n%s", err, text)
	}
	return text, nil
}

// DSNOf names a database of whichever of the clusters is the primary.
func DSNOf(database string, clusters ...*Cluster) string {
	var hosts []string
	for _, c := range clusters {
		hosts = append(hosts, c.addr)
	}
	return dsn(strings.Join(hosts, ","), database)
}

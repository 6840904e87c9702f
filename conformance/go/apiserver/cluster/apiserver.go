package cluster

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/client-go/rest"

	"auroch/harness/datastore"
)

// token is that of the one user; a server made for a test has no secrets.
const token = "conformance"

const (
	// CompactionInterval is how often kube-apiserver compacts the store. What it
	// compacts was current one interval before, so that much history is kept.
	CompactionInterval = 10 * time.Second
	// EventTTL is how long an Event object lives.
	EventTTL = 10 * time.Second

	consistencyCheckPeriod = "3s"
	stopGrace              = 10 * time.Second
)

// APIServer is one kube-apiserver process.
type APIServer struct {
	// Config is for clients; they are not throttled.
	Config *rest.Config

	log  string
	cmd  *exec.Cmd
	done chan struct{}
}

// StartAPIServer launches kube-apiserver on a store; WaitReady tells when it is.
func StartAPIServer(dir, endpoint string, config Config) (*APIServer, error) {
	binary := filepath.Join(os.Getenv("AUROCH_BIN"), "kube-apiserver")
	addr, err := datastore.FreeAddr()
	if err != nil {
		return nil, err
	}
	if err := writeCredentials(dir); err != nil {
		return nil, err
	}
	a := &APIServer{log: filepath.Join(dir, "kube-apiserver.log"), done: make(chan struct{})}
	a.Config = &rest.Config{
		Host:            "https://" + addr,
		BearerToken:     token,
		TLSClientConfig: rest.TLSClientConfig{Insecure: true}, // a certificate it has just signed itself
		QPS:             -1,
	}
	log, err := os.Create(a.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	a.cmd = exec.Command(binary, append(flags(dir, addr, endpoint), config.Args...)...)
	a.cmd.Dir, a.cmd.Stdout, a.cmd.Stderr = dir, log, log
	// A cache that differs from the store, or data it cannot decode, ends the process.
	a.cmd.Env = append(os.Environ(),
		"KUBE_WATCHCACHE_CONSISTENCY_CHECKER=true",
		"KUBE_WATCHLIST_INCONSISTENCY_DETECTOR=true",
		"KUBE_PANIC_WATCH_DECODE_ERROR=true",
		"AUROCH_CONSISTENCY_CHECK_PERIOD="+consistencyCheckPeriod)
	a.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := a.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	go func() { _ = a.cmd.Wait(); close(a.done) }()
	return a, nil
}

// flags make a server that stands alone: no controllers, so no default service
// accounts, and everyone with the token may do everything.
func flags(dir, addr, endpoint string) []string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		panic(err) // FreeAddr made it
	}
	return []string{
		"--etcd-servers=" + endpoint,
		"--etcd-compaction-interval=" + CompactionInterval.String(),
		"--event-ttl=" + EventTTL.String(),
		"--bind-address=" + host,
		"--secure-port=" + port,
		"--cert-dir=" + filepath.Join(dir, "certs"),
		"--service-account-key-file=" + filepath.Join(dir, "sa.key"),
		"--service-account-signing-key-file=" + filepath.Join(dir, "sa.key"),
		"--service-account-issuer=https://conformance.local",
		"--authorization-mode=AlwaysAllow",
		"--token-auth-file=" + filepath.Join(dir, "tokens.csv"),
		"--disable-admission-plugins=ServiceAccount",
		"--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=10.0.0.0/16",
	}
}

// WaitReady returns once /readyz says ok.
func (a *APIServer) WaitReady(limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	probe := http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		DisableKeepAlives: true,
	}}
	defer probe.CloseIdleConnections()
	for {
		err := a.ready(ctx, &probe)
		if err == nil {
			return nil
		}
		select {
		case <-a.done:
			return fmt.Errorf("kube-apiserver exited before it was ready:\n%s", a.Log())
		case <-ctx.Done():
			return fmt.Errorf("kube-apiserver is not ready after %v: %w\n%s", limit, err, a.Log())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (a *APIServer) ready(ctx context.Context, probe *http.Client) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.Config.Host+"/readyz", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := probe.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("/readyz: %s", resp.Status)
	}
	return nil
}

// Exited is closed once the process has ended.
func (a *APIServer) Exited() <-chan struct{} { return a.done }

// Stop ends the process.
func (a *APIServer) Stop() {
	_ = a.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-a.done:
	case <-time.After(stopGrace):
		_ = a.cmd.Process.Kill()
		<-a.done
	}
}

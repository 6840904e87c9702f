package members

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// enable turns authentication on. root's password is its name.
func (f fleet) enable(ctx context.Context) {
	f.Helper()
	client := f.client(f.servers[0].Endpoint())
	_, err := client.UserAdd(ctx, "root", "root")
	check(f.T, err)
	_, err = client.UserGrantRole(ctx, "root", "root")
	check(f.T, err)
	_, err = client.AuthEnable(ctx)
	check(f.T, err)
}

func (f fleet) root(endpoints ...string) *clientv3.Client {
	f.Helper()
	return f.dial(clientv3.Config{Endpoints: endpoints, Username: "root", Password: "root"})
}

func (f fleet) putTenTimes(ctx context.Context, client *clientv3.Client) {
	f.Helper()
	for range 10 {
		_, err := client.Put(ctx, "a", "x")
		check(f.T, err)
	}
}

// Go's client asks its endpoints by turns, with one token. Each server knows the
// simple tokens of the others, so that no request has to be tried again.
func TestSimpleTokenAtAllMembers(t *testing.T) {
	ctx, f := start(t)
	f.enable(ctx)
	admin := f.root(f.servers[0].Endpoint())
	_, err := admin.UserAdd(ctx, "me", "secret")
	check(t, err)
	_, err = admin.UserGrantRole(ctx, "me", "root")
	check(t, err)
	client := f.dial(clientv3.Config{Endpoints: f.endpoints(), Username: "me", Password: "secret"})
	token := func() string {
		resp, err := admin.Authenticate(ctx, "me", "secret")
		check(t, err)
		return resp.Token
	}
	f.putTenTimes(ctx, client)
	// With a token of its own and no password a client cannot sign on again.
	client = f.dial(clientv3.Config{Endpoints: f.endpoints(), Token: token()})
	f.putTenTimes(ctx, client)
	_, err = admin.UserChangePassword(ctx, "me", "another")
	check(t, err)
	for range 4 {
		if _, err := client.Put(ctx, "a", "x"); !errors.Is(err, rpctypes.ErrInvalidAuthToken) {
			t.Fatalf("a token outlives its password: %v", err)
		}
	}
	resp, err := f.root(f.endpoints()...).Get(ctx, "a")
	check(t, err)
	if resp.Kvs[0].Version != 20 {
		t.Fatalf("it reads %v", resp.Kvs)
	}
}

// A client whose server is gone goes on with what it has, or signs on again.
func TestSimpleTokenAfterFailover(t *testing.T) {
	ctx, f := start(t)
	f.enable(ctx)
	client := f.root(f.servers[0].Endpoint())
	_, err := client.Put(ctx, "a", "1")
	check(t, err)
	f.servers[0].Kill()
	client.SetEndpoints(f.servers[1].Endpoint())
	_, err = client.Put(ctx, "a", "2")
	check(t, err)
	resp, err := client.Get(ctx, "a")
	check(t, err)
	if resp.Kvs[0].Version != 2 {
		t.Fatalf("it reads %v", resp.Kvs)
	}
}

// Go's client asks its endpoints by turns, with one token.
func TestJWTAtAllMembers(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	check(t, os.WriteFile(key, []byte("a secret of the servers"), 0o600))
	ctx, f := start(t, "--auth-token=jwt,sign-method=HS256,priv-key="+key+",ttl=5m")
	f.enable(ctx)
	client := f.root(f.endpoints()...)
	f.putTenTimes(ctx, client)
	// Another auth revision makes a token old: the client signs on again by itself.
	_, err := f.root(f.servers[1].Endpoint()).UserAdd(ctx, "me", "secret")
	check(t, err)
	f.putTenTimes(ctx, client)
	f.servers[0].Kill()
	resp, err := client.Get(ctx, "a")
	check(t, err)
	if resp.Kvs[0].Version != 20 {
		t.Fatalf("it reads %v", resp.Kvs)
	}
}

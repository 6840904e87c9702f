# Builds what the suites run. Sourced by run.
# Binaries go to $AUROCH_BIN; one whose sources have not changed is not built again, whatever Go's own cache holds.

bin=${AUROCH_BIN:-${XDG_CACHE_HOME:-$HOME/.cache}/auroch/bin}
# One setting for all builds, so that the modules share compiled packages; and no C compiler is needed.
export CGO_ENABLED=0 GOWORK=off
go_needed=1.26

need_go() {
  command -v go >/dev/null || { echo "run: Go $go_needed or newer must be installed" >&2; exit 2; }
  local have
  have=$(cd "$here/harness" && go env GOVERSION) || exit 2
  have=${have#go}
  [ "$(printf '%s\n' "$go_needed" "$have" | sort -V | head -n 1)" = "$go_needed" ] ||
    { echo "run: Go $go_needed or newer must be installed, this is $have" >&2; exit 2; }
  mkdir -p "$bin"
}

# need_server finds the server under test; the word etcd stands for the reference.
need_server() {
  [ "${AUROCH_SERVER:-}" = etcd ] && { build_etcd || exit 2; AUROCH_SERVER=$bin/etcd; }
  [ -x "${AUROCH_SERVER:-}" ] || { echo "run: AUROCH_SERVER must name the server binary (or be the word etcd)" >&2; exit 2; }
  AUROCH_SERVER=$(cd "$(dirname "$AUROCH_SERVER")" && pwd)/$(basename "$AUROCH_SERVER")
  export AUROCH_SERVER AUROCH_BIN=$bin
}

# built NAME MODULE SOURCES -- COMMAND...: runs COMMAND in the module's folder, unless $bin/NAME is of these sources.
built() {
  local name=$1 module=$2 sources stamp
  shift 2
  sources=()
  while [ "$1" != -- ]; do sources+=("$1"); shift; done
  shift
  cd "$here/$module" || return 1
  stamp=$({ echo "$*"; go env GOVERSION GOOS GOARCH
    find "${sources[@]}" -type f \( -name '*.go' -o -name 'go.mod' -o -name 'go.sum' \) -print0 | sort -z | xargs -0 sha256sum
  } | sha256sum) || return 1
  if [ ! -x "$bin/$name" ] || [ "$(cat "$bin/$name.stamp" 2>/dev/null)" != "$stamp" ]; then
    echo "building $name" >&2
    "$@" || { echo "run: $name does not build" >&2; return 1; }
    echo "$stamp" >"$bin/$name.stamp"
  fi
  cd "$here"
}

build_tools() { build_etcdctl && build_recipes && build_members && build_etcd_suite && build_monitoring && build_snapshot && build_k8s_suite && build_k8s_upstream && build_apiserver; }

build_etcd() {
  built etcd tools go.mod go.sum -- go build -ldflags=-s -o "$bin/etcd" go.etcd.io/etcd/server/v3
}

# With its SQLite driver, which is in C; as its own release is, with its version.
build_kine() {
  local version=github.com/k3s-io/kine/pkg/version
  built kine kine go.mod go.sum -- env CGO_ENABLED=1 go build -ldflags="-s -X $version.Version=v0.17.5" \
    -o "$bin/kine" github.com/k3s-io/kine
}

build_etcdctl() {
  build_etcd &&
    built etcdctl tools go.mod go.sum -- go build -ldflags=-s -o "$bin/etcdctl" go.etcd.io/etcd/etcdctl/v3 &&
    built etcdctl.test etcdctl . ../harness -- go test -c -o "$bin/etcdctl.test" .
}

build_recipes() { built recipes.test recipes . ../harness -- go test -c -o "$bin/recipes.test" .; }

build_members() { build_etcdctl && built members.test members . ../harness -- go test -c -o "$bin/members.test" .; }

build_postgres() { built postgres harness . -- go build -ldflags=-s -o "$bin/postgres" ./cmd/postgres; }

build_etcdutl() {
  built etcdutl tools go.mod go.sum -- go build -ldflags=-s -o "$bin/etcdutl" go.etcd.io/etcd/etcdutl/v3
}

build_etcd_suite() {
  build_etcdctl && build_etcdutl &&
    built etcd-shim etcd-suite shim go.mod go.sum -- go build -ldflags=-s -o "$bin/etcd-shim" ./shim &&
    built etcd-common.test etcd-suite go.mod go.sum -- \
      go test -c -tags e2e -o "$bin/etcd-common.test" go.etcd.io/etcd/tests/v3/common
}

build_monitoring() {
  build_etcd && built monitoring.test monitoring . ../harness -- go test -c -o "$bin/monitoring.test" .
}

build_snapshot() {
  build_etcdctl && build_etcdutl &&
    built snapshot.test snapshot . ../harness -- go test -c -o "$bin/snapshot.test" .
}

build_k8s_suite() {
  built k8s-suite.test k8s-suite . ../harness -- go test -c -o "$bin/k8s-suite.test" .
}

# The packages of k8s.io/apiserver/pkg/storage whose tests are run.
upstream_packages='etcd3 cacher storagebackend/factory'

build_k8s_upstream() {
  local package name
  for package in $upstream_packages; do
    name=upstream-${package//\//-}.test
    built "$name" k8s-upstream . ../harness -- \
      go test -c -o "$bin/$name" "k8s.io/apiserver/pkg/storage/$package" || return 1
  done
}

build_apiserver() {
  local version=k8s.io/component-base/version
  build_etcd &&
    built kube-apiserver apiserver go.mod go.sum cmd/kube-apiserver -- go build \
      -ldflags="-s -w -X $version.gitVersion=v1.37.2 -X $version.gitMajor=1 -X $version.gitMinor=37" \
      -o "$bin/kube-apiserver" ./cmd/kube-apiserver &&
    built apiserver.test apiserver . ../harness -- go test -c -o "$bin/apiserver.test" ./suite
}

build_servers() { build_apiserver; }

build_readyz() { build_apiserver; }

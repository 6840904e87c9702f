# Runs the suites and counts their checks. Sourced by run.

passed=0 failed=0
declare -A running=() started=() # by process: the suite's name, and when it was started
logs=${OUT:-$(mktemp -d "${TMPDIR:-/tmp}/auroch-go.XXXXXX")}
mkdir -p "$logs"
# Servers die with the test binary that started them.
trap '[ ${#running[@]} -eq 0 ] || kill "${!running[@]}" 2>/dev/null; exit 130' INT TERM

# begin NAME DIRECTORY COMMAND...: starts a test binary. What waits most of its time runs beside others.
begin() {
  local name=$1 dir=$2
  shift 2
  (cd "$dir" && exec "$@") >"$logs/$name.log" 2>&1 &
  running[$!]=$name started[$!]=$SECONDS
}

# join waits for all that was begun.
join() {
  local pid rc
  while [ ${#running[@]} -gt 0 ]; do
    pid='' rc=0
    wait -n -p pid "${!running[@]}" || rc=$?
    report "${running[$pid]}" "$rc" $((SECONDS - started[$pid]))
    unset "running[$pid]"
  done
}

# report NAME STATUS SECONDS: prints the failed checks of a suite and adds to the counts.
# Every PASS or FAIL of the verbose output is a check, groups of checks included.
report() {
  local name=$1 rc=$2 log=$logs/$1.log p f
  p=$(grep -acE '^ *--- PASS: ' "$log")
  f=$(grep -acE '^ *--- FAIL: ' "$log")
  failures "$name" <"$log"
  if [ "$rc" -ne 0 ] && [ "$f" -eq 0 ]; then
    f=1
    echo "FAIL $name ended with status $rc:"
    tail -n 20 "$log"
  elif [ "$rc" -eq 0 ] && [ "$p" -eq 0 ]; then
    f=1
    echo "FAIL $name ran no check"
  fi
  echo "$name: $p passed, $f failed, $3 s"
  passed=$((passed + p)) failed=$((failed + f))
}

# failures NAME: a line for each failed check of a verbose log, with the first that it said.
failures() {
  awk -v suite="$1" '
    /^=== (RUN|CONT|NAME) / { test = $3 }
    /^ +[^ ]+\.go:[0-9]+: / && !(test in said) { said[test] = ": " substr($0, match($0, /[^ ]/), 300) }
    /^ *--- FAIL: / { print "FAIL", suite, $3 said[$3] }'
}

finish() {
  [ "$passed" -eq 0 ] && [ "$failed" -eq 0 ] && exit 0
  [ "$failed" -eq 0 ] || echo "logs are in $logs"
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
  exit
}

run_etcdctl() { begin etcdctl "$here" "$bin/etcdctl.test" -test.v -test.timeout 10m "$@"; }

run_recipes() { begin recipes "$here" "$bin/recipes.test" -test.v -test.timeout 5m "$@"; }

# Starts its own PostgreSQL.
run_members() { begin members "$here" "$bin/members.test" -test.v -test.timeout 5m "$@"; }

run_etcd_suite() { begin etcd-suite "$here" "$here/etcd-suite/run-each" "$@"; }

# Reads the dashboard and the alerts beside its sources.
run_monitoring() { begin monitoring "$here/monitoring" "$bin/monitoring.test" -test.v -test.timeout 5m "$@"; }

run_snapshot() { begin snapshot "$here" "$bin/snapshot.test" -test.v -test.timeout 10m "$@"; }

run_k8s_suite() { begin k8s-suite "$here" "$bin/k8s-suite.test" -test.v -test.timeout 15m "$@"; }

run_k8s_upstream() {
  local package name root skip
  root=$(cd "$here/k8s-upstream" && go mod download k8s.io/apiserver && go list -m -f '{{.Dir}}' k8s.io/apiserver) || exit 2
  skip=$(awk '!/^#/ && NF { printf "%s%s", sep, $1; sep = "|" }' "$here/k8s-upstream/exclude.txt")
  for package in $upstream_packages; do
    name=upstream-${package//\//-}
    # Tests read files beside their sources.
    begin "$name" "$root/pkg/storage/$package" "$bin/$name.test" -test.v -test.timeout 15m -test.skip "$skip" "$@"
  done
}

# Has a machine to itself: it puts load on the server.
run_apiserver() {
  join
  begin apiserver "$here" "$bin/apiserver.test" -test.v -test.timeout 20m -test.run '^TestMatrix$' "$@"
  join
}

# Starts its own PostgreSQL, which it crashes.
run_servers() {
  join
  begin servers "$here" "$bin/apiserver.test" -test.v -test.timeout 20m -test.run '^TestServers$' "$@"
  join
}

# Prints a comparison and judges nothing, so it adds to no count. READYZ is the number of starts of each.
run_readyz() {
  join
  READYZ=${READYZ:-5} "$bin/apiserver.test" -test.run '^TestReadyz$' -test.v "$@" | grep -aE '^(readyz|panic|--- FAIL)|_test.go' || exit 1
}

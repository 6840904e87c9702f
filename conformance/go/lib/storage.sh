# Gives the servers under test a storage. Sourced by run.

# use_storage NAME: exports AUROCH_STORAGE. Without a name the storage is the server's own default, in its data directory.
use_storage() {
  case $1 in
  '') return ;;
  memory) AUROCH_STORAGE=memory:// ;;
  sled) AUROCH_STORAGE=sled://{dir}/sled ;;
  postgres) start_postgres || exit 2 ;;
  *://*) AUROCH_STORAGE=$1 ;;
  *) echo "run: no storage $1" >&2; exit 2 ;;
  esac
  export AUROCH_STORAGE
}

# Without fsync: the suites end servers, never the database or the machine. It ends with this shell, whose end of the pipe closes then.
start_postgres() {
  coproc POSTGRES { exec "$bin/postgres"; }
  read -r AUROCH_STORAGE <&"${POSTGRES[0]}" || { echo "run: PostgreSQL does not start" >&2; return 1; }
}

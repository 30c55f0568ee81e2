# Invariant 1: the store locked by another process. Clients see nothing of it; the work is done once the lock is gone.
. tests/e2e/lib.sh
make_installation
start_legacy
start_llm
start_run
send 50 6
wait_settled
(echo "PRAGMA busy_timeout = 10000; BEGIN EXCLUSIVE; SELECT 'locked';"; sleep 6; echo "ROLLBACK;") |
	sqlite3 "$work/var/understudy.db" >"$log/lock" 2>&1 &
lock=$!
wait_line "$log/lock" locked >/dev/null
send 300 7
expect "compared while locked" "$(sql 'SELECT count(*) FROM exchange')" "$(sql 'SELECT sum(stored) FROM delivery_count')"
before=$(sql 'SELECT count(*) FROM exchange')
wait $lock
wait_settled
expect_ties_out
expect_seen_is_sent
[ "$(sql 'SELECT count(*) FROM exchange')" -gt "$before" ] || fail "nothing was stored after the lock"
expect "compared" "$(status_json .evaluations.compared)" "$(status_json .exchanges.stored)"

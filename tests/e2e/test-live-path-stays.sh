# Invariant 1: a contract edited under a running installation, a removed store, a damaged ring and the death of the
# supervisor may stop the shadow work; clients are served all the same, and whoever is on call reads why.
. tests/e2e/lib.sh
make_installation
start_legacy
start_llm
TAP_LISTEN=127.0.0.1:$((20000 + $$ % 12000))
export TAP_LISTEN
start_run
send 20 1
wait_settled

# a worker that comes back to an edited contract
sed -i 's/margin: 0.02/margin: 0.03/' "$contract"
kill -9 "$(child_of_run work)"
wait_line "$log/run-errors" "understudy: worker ended (exit code 2)" >/dev/null
send 20 2
grep -q "new-epoch" "$log/run-errors" || fail "no word on why the worker does not start"
sed -i 's/margin: 0.03/margin: 0.02/' "$contract"
wait_settled
expect_ties_out

# a store removed under the worker
rm "$work"/var/understudy.db*
wait_line "$log/run-errors" "understudy: the store .* was removed" >/dev/null
send 20 3
wait_settled
expect_ties_out

# a ring cut short: the tap dies of it, and the next one makes another
truncate -s 100 "$work/var/capture.ring"
(send 20 4) >/dev/null 2>&1 || true
wait_line "$log/run-errors" "understudy: .*capture ring is damaged; it is now" >/dev/null
send 20 5

# the supervisor: the tap serves on, and the next one takes over (more in test-supervisor-killed.sh)
kill -9 "$run_pid"
wait "$run_pid" || true
run_pid=""
send 20 6
start_run
send 20 7

# Invariant 1: the worker stopped in mid-work (SIGSTOP, as a machine without memory stops one), and an LLM path a hundred
# times as slow as usual. Clients get every reply, nothing waits for the shadow path, and all is done in the end.
. tests/e2e/lib.sh
make_installation
start_legacy
start_llm --latency-ms 100
start_run
send 100 11
worker=$(child_of_run work)
kill -STOP "$worker"
send 500 12
[ "$(sql 'SELECT count(*) FROM exchange')" -lt "$sent_in_all" ] || fail "the worker was not stopped"
expect "the worker that was stopped is still the one" "$(child_of_run work)" "$worker"
kill -CONT "$worker"
wait_settled 240
expect_ties_out
expect_seen_is_sent
expect "dropped" "$(status_json '[.exchanges.dropped[]] | add')" 0
expect "compared" "$(status_json .evaluations.compared)" "$(status_json .exchanges.stored)"

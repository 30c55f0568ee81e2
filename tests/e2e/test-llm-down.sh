# Invariant 1: with the LLM path refusing connections, clients get every legacy reply and each miss is an outcome.
. tests/e2e/lib.sh
make_installation
start_legacy
export LLM_URL=http://127.0.0.1:1/v1
start_run
send 200 3
wait_settled
expect_ties_out
expect_seen_is_sent
expect "compared" "$(status_json .evaluations.compared)" "$(status_json .exchanges.stored)"
expect "outcomes other than transport" "$(sql 'SELECT count(*) FROM v_outcome WHERE outcome <> 2')" 0
expect "attempts of each (1 and 2 retries)" "$(sql 'SELECT min(attempts) || max(attempts) FROM evaluation')" 33
expect "contract drift without a reply" "$(sql 'SELECT sum(replies) FROM rollup_transaction')" 0
expect "records on the agreeing side" "$(sql 'SELECT count(*) FROM record WHERE side = 0')" 0

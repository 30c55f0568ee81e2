# A reload that changes what a used version says: the worker refuses it and says why, clients are served all the same.
# With a new version it is taken.
. tests/e2e/lib.sh
make_installation
start_legacy
start_llm
start_run
send 10 1
wait_settled
cp "$contract" "$work/good.yaml"

echo 'slo: {p95_ms: 5000}' >>"$contract"
kill -HUP "$run_pid"
wait_line "$log/run-errors" "understudy: .*contract.yaml:3: version 1.0.0 of interface \"ticket-routing\" was used with \
another content (changed: slo), and a version once used is frozen; write version: 1.0.1 or later" >/dev/null
send 10 2
expect "versions used" "$(sql 'SELECT group_concat(version) FROM contract_version')" 1.0.0

# another version: the evaluation period goes on, since no evidence depends on what changed
sed -i 's/^version: 1.0.0/version: 1.0.1/' "$contract"
kill -HUP "$run_pid"
wait_settled
expect "versions used" "$(sql 'SELECT group_concat(version) FROM contract_version')" 1.0.0,1.0.1
expect "evaluation periods" "$(sql 'SELECT count(*) FROM epoch')" 1

# and back: both keep what they say
cp "$work/good.yaml" "$contract"
kill -HUP "$run_pid"
send 10 3
wait_settled
expect_ties_out
expect_seen_is_sent

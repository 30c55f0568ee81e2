# Invariant 1: the worker stopped in mid-work (SIGSTOP, as a machine without memory stops one), and an LLM path a hundred
# times as slow as usual. Clients get every reply, nothing waits for the shadow path, and all is done in the end.
. tests/e2e/lib.sh
make_installation
start_legacy
start_llm --latency-ms 100
start_run
sent_of() {
	awk -F'[ :]' '/^sent/ {print $2}' "$log/traffic"
}
answered_all() {
	expect "answered with 2xx, $1" "$(awk '/^answered/ {print $2}' "$log/traffic")" "$(sent_of)"
}
send 100 11
answered_all "the LLM path being slow"
sent=$(sent_of)
worker=$(child_of_run work)
kill -STOP "$worker"
send 500 12
answered_all "the worker being stopped"
sent=$((sent + $(sent_of)))
[ "$(sql 'SELECT count(*) FROM exchange')" -lt $sent ] || fail "the worker was not stopped"
expect "the worker that was stopped is still the one" "$(child_of_run work)" "$worker"
kill -CONT "$worker"
wait_settled 240
expect_ties_out
expect "seen" "$(status_json .exchanges.seen)" "$sent"
expect "dropped" "$(status_json '[.exchanges.dropped[]] | add')" 0
expect "compared" "$(status_json .evaluations.compared)" "$(status_json .exchanges.stored)"

# Invariants 2 and 4: the worker killed with -9 again and again in mid-stream; nothing is lost, nothing counts twice.
. tests/e2e/lib.sh
make_installation
start_legacy
start_llm --latency-ms 5
start_run
send 1500 5 --rate 500 &
traffic=$!
killed=0
for _ in 1 2 3 4 5; do
	sleep 0.6
	worker=$(child_of_run work) || continue
	kill -9 "$worker" && killed=$((killed + 1))
done
wait $traffic || fail "traffic: $(cat "$log/traffic")"
[ $killed -ge 3 ] || fail "the worker was killed only $killed times"
wait_settled
expect_ties_out
expect "compared" "$(status_json .evaluations.compared)" "$(status_json .exchanges.stored)"
expect "seen" "$(status_json .exchanges.seen)" "$(awk -F'[ :]' '/^sent/ {print $2}' "$log/traffic")"
expect "records" "$(sql 'SELECT count(*) FROM record')" "$(status_json .exchanges.stored)"
expect "records in the rollup" "$(sql 'SELECT sum(count) FROM rollup_record')" "$(status_json .exchanges.stored)"
# the profiles of fields count each message and each reply once, too
documents() {
	sql "SELECT coalesce(sum(r.count), 0) FROM rollup_profile r JOIN profile_field f ON f.id = r.field_id WHERE f.pointer = '' AND f.side $1 AND r.measure = 1"
}
expect "messages in the profile" "$(documents '= -1')" "$(status_json .exchanges.stored)"
expect "legacy replies in the profile" "$(documents '= 0')" \
	"$(sql "SELECT count(*) FROM exchange WHERE legacy_outcome = 0")"
expect "LLM replies in the profile" "$(documents '> 0')" "$(sql "SELECT count(*) FROM evaluation WHERE outcome IN (0, 8)")"
expect "messages counted by the gates" "$(sql 'SELECT sum(messages) FROM rollup_input')" "$(status_json .exchanges.stored)"

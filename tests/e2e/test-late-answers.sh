# Legacy answers that come apart from their messages: no call before the answer, no second call after another one, both
# ledgers tie out in between, whatever is killed.
. tests/e2e/lib.sh
feed=$(dirname "$understudy")/tests/spool-feed
if [ ! -x "$feed" ]; then
	echo "skipped: no $feed; make build/tests/check-e2e makes it"
	exit 77
fi
make_installation
export LEGACY_URL=http://127.0.0.1:1
start_llm
start_run

ticket() {
	printf "T-%06d" "$1"
}
# message ID [TIME], answer ID OUTCOME QUEUE [IDEMPOTENCY KEY]: one line each.
message() {
	printf '{"interface":"ticket-routing","message":{"ticket_id":"%s","created":"%s","product":"Lamp","text":"my invoice for order 7 is wrong","contact":"a@example.com"}' "$1" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
	[ -z "${2:-}" ] || printf ',"captured_at":"%s"' "$2"
	echo '}'
}
answer() {
	printf '{"interface":"ticket-routing","key":"%s","outcome":"%s","legacy":{"queue":"%s","priority":"normal","language":"en"}' "$1" "$2" "$3"
	[ -z "${4:-}" ] || printf ',"idempotency_key":"%s"' "$4"
	echo '}'
}
into_spool() {
	"$feed" "$work/var/spool" late || fail "the spool takes nothing"
}
states() {
	status_json "[.evaluations.compared, .evaluations.pending, .awaiting_legacy.evaluations, .evaluations.unpaired] | join(\" \")"
}

# Forty wait; waiting for the worker does not wait for them, and nobody was asked about them.
for i in $(seq 1 40); do message "$(ticket $i)"; done | into_spool
wait_settled
expect_ties_out
expect "compared, pending, awaiting, unpaired" "$(states)" "0 40 40 0"
expect "no call was made" "$(sql 'SELECT count(*) FROM spend')" 0
grep -q "of pending 40, 40 wait for the legacy answer, until 20" "$log/status" || fail "$(cat "$log/status")"

# Thirty answers, ten of them twice, while the worker is killed again and again.
{
	for i in $(seq 1 30); do answer "$(ticket $i)" ok billing "key-$i"; done
	for i in $(seq 1 10); do answer "$(ticket $i)" ok sales "key-$i"; done
} >"$work/answers"
split -l 4 "$work/answers" "$work/part-"
for part in "$work"/part-*; do
	into_spool <"$part"
	worker=$(child_of_run work) && kill -9 "$worker" || true
done
wait_settled
expect_ties_out
expect "compared, pending, awaiting, unpaired" "$(states)" "30 10 10 0"
expect "late answers" "$(status_json '.late_answers | [.read, .joined, .duplicate, .waiting, .unpaired, .ties_out] | join(" ")')" "40 30 10 0 0 true"
expect "transactions" "$(sql 'SELECT sum(compared) FROM rollup_transaction')" 30

# Five answers before their messages.
for i in $(seq 41 45); do answer "$(ticket $i)" ok billing; done | into_spool
wait_settled
expect "answers that wait" "$(status_json .late_answers.waiting)" 5
for i in $(seq 41 45); do message "$(ticket $i)"; done | into_spool
wait_settled
expect_ties_out
expect "compared, pending, awaiting, unpaired" "$(states)" "35 10 10 0"

# A clerk repairs one: compared again from the stored reply, without a call.
attempts=$(sql 'SELECT sum(attempts) FROM rollup_transaction')
spent=$(sql 'SELECT sum(cost_nano) FROM spend')
answer "$(ticket 1)" repaired sales | into_spool
wait_settled
expect_ties_out
expect "calls" "$(sql 'SELECT sum(attempts) FROM rollup_transaction')" "$attempts"
expect "cost" "$(sql 'SELECT sum(cost_nano) FROM spend')" "$spent"
expect "the new answer in the differences" "$(sql "SELECT legacy_value FROM v_diff WHERE field = 'queue' AND exchange_id = (SELECT exchange_id FROM v_legacy_answer WHERE version = 2)")" '"sales"'
expect "the outcome that counts" "$(sql "SELECT legacy_outcome FROM v_exchange WHERE exchange_id = (SELECT exchange_id FROM v_legacy_answer WHERE version = 2)")" 3
expect "records by side" "$(sql 'SELECT sum(count) FROM rollup_record')" "$(sql 'SELECT count(*) FROM record')"

# Out of its window: unpaired; and better late than never.
message "$(ticket 50)" "$(date -u -d '80 hours ago' +%Y-%m-%dT%H:%M:%SZ)" | into_spool
tries=0
until [ "$(status_json .evaluations.unpaired)" = 1 ]; do
	tries=$((tries + 1))
	[ $tries -le 200 ] || fail "the exchange waits on: $(states)"
	sleep 0.1
done
expect_ties_out
answer "$(ticket 50)" ok billing | into_spool
wait_settled
expect_ties_out
expect "compared, pending, awaiting, unpaired" "$(states)" "36 10 10 0"
expect "brought back" "$(status_json .late_answers.joined_with_an_unpaired_exchange)" 1

# Those behind what the worker has done by now.
for i in $(seq 31 35); do answer "$(ticket $i)" ok billing; done | into_spool
wait_settled
expect_ties_out
expect "compared, pending, awaiting, unpaired" "$(states)" "41 5 5 0"
expect "each was called once" "$(sql 'SELECT count(*) FROM evaluation WHERE state = 1')" "$(sql 'SELECT sum(compared) FROM rollup_transaction')"

# The shadow sample follows the contract's file while the worker runs, within the same evaluation period.
worker=$(child_of_run work)
echo 'sampling: {shadow: 0}' >>"$contract"
i=100
until [ "$(status_json .evaluations.not_evaluated)" -gt 0 ]; do
	i=$((i + 1))
	[ $i -le 200 ] || fail "the share of the contract is not taken over"
	message "$(ticket $i)" | into_spool
	sleep 0.1
done
wait_settled
expect_ties_out
expect "the worker is the same" "$(child_of_run work)" "$worker"
expect "evaluation periods" "$(sql 'SELECT count(*) FROM epoch')" 1
expect "draws" "$(sql 'SELECT count(*) FROM shadow_draw WHERE chosen = 0 AND pi_ppm = 0')" "$(status_json .evaluations.not_evaluated)"

# Everything is in the report, too.
stop_run
"$understudy" report -c "$config" --format json -o "$work/report" >"$log/report" 2>&1 || fail "report: $(cat "$log/report")"
expect "the report's late answers" "$(jq -r '.. | .late_answers? // empty | [.joined, .ties_out] | join(" ")' "$work"/report/*.json | sort -u | head -n 1)" "42 true"

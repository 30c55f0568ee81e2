# Invariant 4: one business message counts once, however often it is delivered; a revision is a new exchange.
. tests/e2e/lib.sh
make_installation
start_legacy
start_llm
start_run
post() {
	curl -s -m 10 -H 'Content-Type: application/json' -d "$1" "$tap_url/route"
}
first='{"ticket_id":"T-000001","created":"2026-11-10T10:00:00Z","product":"Lamp","text":"refund please","contact":"a@example.com"}'
same='{ "contact":"a@example.com", "text":"refund please","product":"Lamp","created":"2026-11-10T10:00:00Z","ticket_id":"T-000001"}'
revised='{"ticket_id":"T-000001","created":"2026-11-10T10:00:00Z","product":"Lamp","text":"refund please, twice","contact":"a@example.com"}'
reply=$(post "$first")
expect "the reply to a duplicate" "$(post "$first")" "$reply"
expect "the reply to the same content, spelt otherwise" "$(post "$same")" "$reply"
post "$revised" >/dev/null
wait_settled
expect_ties_out
expect "seen" "$(status_json .exchanges.seen)" 4
expect "dead letters" "$(status_json .evaluations.dead_letter)" 0
expect "stored" "$(status_json .exchanges.stored)" 2
expect "duplicate" "$(status_json .exchanges.duplicate)" 2
expect "revision" "$(status_json .exchanges.revision)" 1
expect "the revision names the former" "$(sql 'SELECT count(*) FROM v_exchange a JOIN v_exchange b ON a.revision_of = b.exchange_id')" 1
expect "compared transactions" "$(sql 'SELECT sum(compared) FROM rollup_transaction')" 2
expect "replies of each path in the series of contract drift" \
	"$(sql "SELECT min(s.path > 0), sum(d.replies) FROM rollup_drift d JOIN reply_source s ON s.id = d.source_id GROUP BY s.path")" \
	"$(printf '0|2\n1|2')"
expect "the model that the provider reports" "$(sql "SELECT DISTINCT model FROM v_drift WHERE candidate <> 'legacy'")" understudy-sim

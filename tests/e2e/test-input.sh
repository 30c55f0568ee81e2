# The input side: messages that deviate are held and released, and data drift of a field is found in the right week.
. tests/e2e/lib.sh
mkdir "$work/contracts"
cp tests/pipeline/data/gate-hold.yaml "$work/contracts/contract.yaml"
cp tests/pipeline/data/response.schema.json tests/pipeline/data/message.schema.json "$work/contracts/"
cat >"$config" <<'YAML'
store: sqlite:var/understudy.db
spool: file:var/spool
ring: {path: var/capture.ring, mib: 1}
interfaces: [contracts/contract.yaml]
YAML
cat >"$work/messages.jsonl" <<'JSON'
{"message": {"id": 1, "at": "2026-11-10T10:00:00Z"}, "legacy": {"queue": "x", "amount": 10}, "llm": {"queue": "x", "amount": 10}}
{"message": {"id": 2, "at": "2026-11-10T10:00:00Z", "kind": "none"}, "legacy": {"queue": "x", "amount": 10}, "llm": {"queue": "x", "amount": 10}}
{"message": {"id": 3, "at": "2026-11-10T10:00:00Z", "contact": 5}, "legacy": {"queue": "x", "amount": 10}, "llm": {"queue": "x", "amount": 10}}
JSON
"$understudy" replay -c "$config" "$work/messages.jsonl" >"$work/result" || fail "replay ended with $?"
expect_ties_out
grep -q '^  held by an input gate: 2; ' "$work/result" || fail "replay is silent on what is held: $(cat "$work/result")"
expect "held" "$(status_json .held.held_invalid)" 2
expect "settled with what is held" "$("$understudy" status -c "$config" --wait --timeout 5 >/dev/null && echo yes)" yes
"$understudy" input list -c "$config" --json >"$work/held"
expect "listed" "$(jq -r .reason "$work/held" | sort | uniq -c | tr -s ' ')" " 2 held_invalid"
first=$(head -n 1 "$work/held" | jq -r .exchange_id)
"$understudy" input release -c "$config" --all 2>/dev/null && fail "a release by nobody"
"$understudy" input release -c "$config" --by anna --note "known" "$first" >"$work/released"
expect "released" "$(cat "$work/released")" "1 message released; the worker takes what is pending"
"$understudy" input release -c "$config" --by anna "$first" 2>/dev/null && fail "released twice"
"$understudy" input release -c "$config" --by anna --dead-letter --all >/dev/null
: >"$work/nothing.jsonl"
"$understudy" replay -c "$config" "$work/nothing.jsonl" >/dev/null || fail "replay of nothing ended with $?"
expect_ties_out
expect "compared" "$(status_json .evaluations.compared)" 2
expect "dead letters" "$(status_json .evaluations.dead_letter)" 1
expect "pending" "$(status_json .evaluations.pending)" 0

expect "marked" "$(sql 'SELECT group_concat(gate || (released_at IS NOT NULL)) FROM v_input')" "11,11"

# Six weeks of seeded traffic: from the fifth on a quarter of the prices is null. Message 1,600 is the first of the fifth.
sed -i 's/^input:.*/input: {invalid: warn, changed: warn}/' "$work/contracts/contract.yaml"
awk 'BEGIN {
	srand(7)
	split("order order change cancel", kind, " ")
	for (i = 0; i < 2400; i++) {
		week = int(i / 400)
		price = rand() < (week >= 4 ? 0.25 : 0.03) ? "null" : sprintf("%.2f", 10 + 90 * rand())
		printf "{\"message\":{\"id\":%d,\"at\":\"2025-%02d-%02dT10:00:00Z\",\"kind\":\"%s\",\"price\":%s,\"contact\":\"zoe%d@example.com\"},", 1000 + i, week < 4 ? 3 : 4, week < 4 ? 3 + 7 * week + i % 7 : (week == 4 ? 1 : 7) + i % 6, kind[1 + int(rand() * 4)], price, i
		printf "\"legacy\":{\"queue\":\"x\",\"amount\":%.2f},\"llm\":{\"queue\":\"x\",\"amount\":1}}\n", 10 * rand()
	}
}' >"$work/weeks.jsonl"
"$understudy" replay -c "$config" "$work/weeks.jsonl" >/dev/null || fail "replay of six weeks ended with $?"
expect_ties_out
expect "found" "$(sql "SELECT group_concat(DISTINCT week || pointer || check_id) FROM v_data_drift WHERE side = 'message'")" \
	"202514/price1,202515/price1"
expect "incidents" "$(sql 'SELECT group_concat(subject) FROM incident WHERE kind = 3')" /price
"$understudy" profile show -c "$config" --week 2025-W14 >"$work/profile"
grep -q 'the share of messages in which /price is null rose from .* to 2[0-9] %' "$work/profile" || fail "not said: $(cat "$work/profile")"
"$understudy" profile show -c "$config" --side legacy --json | jq -e '.documents > 0 and ([.tests[] | select(.found)] | length) == 0' >/dev/null ||
	fail "the legacy side has changed"
"$understudy" profile freeze -c "$config" --from 2025-W14 --to 2025-W14 --by anna --note "prices may be missing" >"$work/frozen"
expect "frozen" "$(cat "$work/frozen")" "2025-W14 to 2025-W14 is the reference of 3 sides now; weeks after it are held against it"
expect "found against it" "$("$understudy" profile show -c "$config" --week 2025-W15 --json | jq '[.tests[] | select(.found)] | length')" 0
expect "audited" "$(sql 'SELECT group_concat(DISTINCT actor || note) FROM profile_reference WHERE actor <> "understudy"')" "annaprices may be missing"
"$understudy" profile list -c "$config" --to 2025-W14 >"$work/list"
expect "listed" "$(grep -c '^2025-W14  request  null  the share of messages in which /price is null rose ' "$work/list")" 1
grep -q '^request: tested up to 2026-W46, [0-9]* tests then, against ' "$work/list" || fail "not said what was tested: $(cat "$work/list")"
# nothing personal outside of the payloads
expect "values in the clear" "$(sql "SELECT group_concat(value) FROM (SELECT DISTINCT value FROM profile_value WHERE value IS NOT NULL ORDER BY 1)")" \
	"cancel,change,order"

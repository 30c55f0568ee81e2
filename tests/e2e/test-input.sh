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

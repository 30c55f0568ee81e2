# Seeded drift injected into recorded traffic is alarmed within the delay that theory states, and not before; the incident
# says since when and in what; it is taken and closed by hand.
. tests/e2e/lib.sh
mkdir "$work/contracts"
cp tests/pipeline/data/contract.yaml tests/pipeline/data/response.schema.json "$work/contracts/"
echo 'drift: {reference_replies: 1000, false_alarm_days: 730}' >>"$work/contracts/contract.yaml"
cat >"$config" <<'YAML'
store: sqlite:var/understudy.db
spool: file:var/spool
ring: {path: var/capture.ring, mib: 1}
interfaces: [contracts/contract.yaml]
YAML

# recorded FROM TO RATE: a reply a minute; at that rate one lacks a required field.
recorded() {
	awk -v from="$1" -v to="$2" -v rate="$3" 'BEGIN {
		srand(from)
		for (i = from; i < to; i++) {
			at = sprintf("2026-03-%02dT%02d:%02d:00Z", 1 + i / 1440, i / 60 % 24, i % 60)
			good = "{\"queue\":\"x\",\"amount\":1}"
			llm = rand() < rate ? "{\"amount\":1}" : good
			printf "{\"message\":{\"id\":%d,\"at\":\"%s\"},\"legacy\":%s,\"llm\":%s,\"captured_at\":\"%s\"}\n", i, at, good, llm, at
		}
	}'
}
replay() {
	"$understudy" replay -c "$config" "$1" >/dev/null || fail "replay ended with $?"
}
incident() { "$understudy" incident "$@" -c "$config"; }
drift() { "$understudy" drift -c "$config" --json "$@" | jq -c "select(.path == \"mini\") | $filter"; }

# a usual rate of 1 %: no alarm, in the reference or after it
recorded 0 6000 0.01 >"$work/usual.jsonl"
replay "$work/usual.jsonl"
expect "incidents at the usual rate" "$(incident list --all)" ""
filter=.monitor.phase
expect "phase" "$(drift)" '"watch"'
filter=.monitor.false_alarm_days
expect "days between false alarms" "$(drift)" 730
filter='[.series[] | .replies] | add'
expect "replies by hour" "$(drift --by hour)" 6000
expect "replies by day" "$(drift --by day)" 6000
expect "replies by week" "$(drift --by week)" 6000
expect "replies of one day" "$(drift --from 2026-03-02 --to 2026-03-03)" 1440
filter='[.series[] | .contract_drift] | add'
expect "deviating replies" "$(drift)" "$(grep -c '"llm":{"amount":1}' "$work/usual.jsonl")"
expect "as the weekly figures say" "$(drift --by week)" "$(sql 'SELECT sum(contract_drift) FROM v_weekly')"

# 12 %, from message 6000 on
filter=.monitor
monitor=$(drift)
recorded 6000 8000 0.12 >"$work/drift.jsonl"
replay "$work/drift.jsonl"
incident list --json >"$work/incidents"
expect "incidents" "$(jq -r .kind "$work/incidents")" contract_drift
expect "severity" "$(jq -r .severity "$work/incidents")" high
expect "classes" "$(jq -r '.evidence.classes | keys | join(" ")' "$work/incidents")" missing_required
expect "ten exchanges" "$(jq '.evidence.first_exchanges | length' "$work/incidents")" 10
began=$(sql "SELECT (began_at - unixepoch('2026-03-01') * 1000000) / 60000000 FROM incident")
[ "$began" -gt 5900 ] && [ "$began" -lt 6100 ] || fail "it began with message $began, not about 6000"
# the mean delay is at most (log 3A + log 8) / divergence (0.12 from the usual rate); twice that is given
delay=$(sql "SELECT (unixepoch(evidence ->> 'captured_at') - unixepoch('2026-03-01')) / 60 - 6000 FROM incident")
allowed=$(echo "$monitor" | jq -r '"\(.usual_rate) \(.false_alarm_replies)"' | awk '{
	p = 0.12
	print int(2 * (log(3 * $2) + log(8)) / (p * log(p / $1) + (1 - p) * log((1 - p) / (1 - $1))))
}')
[ "$delay" -gt 0 ] && [ "$delay" -le "$allowed" ] || fail "alarmed after $delay replies, should be at most $allowed"
filter=.monitor.phase
expect "phase" "$(drift)" '"alarm"'

# replayed again, nothing counts twice
replay "$work/drift.jsonl"
filter='[.series[] | .replies] | add'
expect "replies" "$(drift)" 8000

# hands
"$understudy" drift -c "$config" >"$work/table"
grep -q 'candidate mini' "$work/table" && grep -q 'missing_required' "$work/table" || fail "the table: $(cat "$work/table")"
id=$(jq -r .id "$work/incidents")
incident ack "$id" 2>/dev/null && fail "acknowledged by nobody"
incident ack "$id" --by ada >/dev/null
incident show "$id" >"$work/shown"
expect "state" "$(jq -r .state "$work/shown")" acknowledged
expect "owner" "$(jq -r .owner "$work/shown")" lead@example.com
incident resolve "$id" --by ada --note "the new model answers so" --accept >/dev/null
expect "open incidents" "$(incident list)" ""
expect "note" "$(incident show "$id" | jq -r '.actions[1].note')" "the new model answers so"
filter=.monitor.phase
expect "phase" "$(drift)" '"reference"'
incident resolve "$id" --by ada 2>/dev/null && fail "resolved twice"

# what was accepted is usual now
recorded 8000 10500 0.12 >"$work/accepted.jsonl"
replay "$work/accepted.jsonl"
expect "incidents after it was accepted" "$(incident list)" ""
expect "phase" "$(drift)" '"watch"'

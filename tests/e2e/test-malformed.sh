# A message that cannot be read becomes a dead letter with its reason; the live reply goes through all the same.
. tests/e2e/lib.sh
make_installation
start_legacy
start_llm
start_run
direct=$(curl -s -m 10 -w ' %{http_code}' -d '{"broken' "$LEGACY_URL/route")
expect "the reply through the tap" "$(curl -s -m 10 -w ' %{http_code}' -d '{"broken' "$tap_url/route")" "$direct"
direct=$(curl -s -m 10 -w ' %{http_code}' -d '{"text":"no identity"}' "$LEGACY_URL/route")
expect "the reply through the tap" "$(curl -s -m 10 -w ' %{http_code}' -d '{"text":"no identity"}' "$tap_url/route")" "$direct"
# not the contract's path: forwarded, and none of our business
curl -s -m 10 "$tap_url/other" >/dev/null
wait_settled
expect_ties_out
expect "seen" "$(status_json .exchanges.seen)" 2
expect "dead letters" "$(status_json .evaluations.dead_letter)" 2
"$understudy" dead-letter list -c "$config" --json >"$work/dead"
expect "listed" "$(wc -l <"$work/dead")" 2
jq -e -s 'all(.reason | length > 5)' "$work/dead" >/dev/null || fail "a dead letter without a reason: $(cat "$work/dead")"
jq -e -s 'any(.reason | startswith("the message is not JSON: "))' "$work/dead" >/dev/null || fail "not said to be no JSON"
# tried again with their cause still there, they are dead letters again, and nobody was asked
"$understudy" dead-letter retry -c "$config" >"$work/retried"
expect "tried again" "$(cat "$work/retried")" "2 dead letters are pending again; the worker takes what is pending"
wait_settled
expect "dead letters after it" "$(status_json .evaluations.dead_letter)" 2
expect "compared after it" "$(status_json .evaluations.compared)" 0

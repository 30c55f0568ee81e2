# The ingest listener with curl, as docs/ingest.md shows it: one object, many, the same again, late answers, refusals.
. tests/e2e/lib.sh
make_installation
sed -i -e 's|^  listen: \${TAP_LISTEN}.*|  kind: ingest|' -e '/^  legacy: \${LEGACY_URL}/d' -e '/^  match: {method: POST/d' \
	"$contract"
# shellcheck disable=SC2016
echo 'ingest: {listen: 127.0.0.1:0, token: "${INGEST_TOKEN}"}' >>"$config"
export INGEST_TOKEN="a bearer token for tests"
start_run
url=$(sed -n 's|^ingest \(http://[^ ]*\)$|\1|p' "$log/run")
[ -n "$url" ] || fail "no ingest in: $(cat "$log/run")"

# request PATH TYPE [CURL OPTIONS]: status to $code, body to $work/answer
request() {
	path=$1
	type=$2
	shift 2
	code=$(curl -s -m 60 -o "$work/answer" -w '%{http_code}' -H "Authorization: Bearer $INGEST_TOKEN" \
		-H "Content-Type: $type" "$@" "$url$path")
}

ticket() {
	printf '{"ticket_id":"T-9%s","created":"2026-11-10T10:00:00Z","product":"Lamp","text":"refund please","contact":"a@example.com"}' "$1"
}

accepted() {
	jq -r '"\(.accepted) \(.rejected_count)"' "$work/answer"
}

# The accounts follow the exchanges into the store a moment later.
wait_seen() {
	ledger='"\(.exchanges.seen) \(.exchanges.ties_out) \([.exchanges.dropped[]] | add)"'
	tries=0
	until [ "$(status_json "$ledger")" = "$1 true 0" ]; do
		tries=$((tries + 1))
		[ $tries -le 400 ] || fail "seen, ties out, dropped: $(status_json "$ledger"), not $1 true 0"
		sleep 0.05
	done
}

expect "health" "$(curl -s "$url/v1/health")" '{"status":"ok"}'
curl -s "$url/v1/openapi.json" >"$work/openapi"
expect "the document" "$(jq -r .openapi "$work/openapi")" 3.1.0

request /v1/exchanges application/json -H 'Idempotency-Key: "one"' -d "{\"message\":$(ticket 100)}"
expect "one object" "$code $(accepted)" "202 1 0"

for number in 201 202 203; do
	printf '{"message":%s,"legacy":{"queue":"billing","priority":"high"},"legacy_status":200}\n' "$(ticket $number)"
done >"$work/lines"
request /v1/exchanges application/x-ndjson -H 'Idempotency-Key: "batch"' --data-binary "@$work/lines"
expect "three lines" "$code $(accepted)" "202 3 0"
request /v1/exchanges application/x-ndjson -H 'Idempotency-Key: "batch"' --data-binary "@$work/lines"
expect "the same again" "$code $(accepted)" "202 3 0"
wait_seen 7

request /v1/outcomes application/json \
	-d '[{"key":"T-9100","outcome":"repaired","legacy":{"queue":"returns"}},{"outcome":"ok"}]'
expect "late answers" "$code $(accepted)" "202 1 1"
expect "the line that is wrong" "$(jq -r '.rejected[0].line' "$work/answer")" 2
wait_seen 8

# a megabyte: curl sends Expect: 100-continue and waits for it
for number in $(seq 1000 5999); do
	printf '{"message":%s}\n' "$(ticket "$number")"
done >"$work/many"
request /v1/exchanges application/x-ndjson -H 'Expect: 100-continue' --expect100-timeout 60 --data-binary "@$work/many"
expect "five thousand lines" "$code $(accepted)" "202 5000 0"
wait_seen 5008

request /v1/exchanges text/csv -d 1
expect "another type" "$code" 415
request /v1/exchanges application/json -d '{"mesage":1}'
expect "a misspelt name" "$code $(accepted)" "400 0 1"
INGEST_TOKEN="another" request /v1/exchanges application/json -d "{\"message\":$(ticket 300)}"
expect "another token" "$code" 401
request /v2 application/json -d 1
expect "another path" "$code" 404
wait_seen 5008

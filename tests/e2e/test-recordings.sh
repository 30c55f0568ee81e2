# HAR and GoReplay recordings, plain, packed and from standard input, at a pace. Counts checked by hand against the files
# in tests/pipeline/recordings.
. tests/e2e/lib.sh
recordings=$root/tests/pipeline/recordings
mkdir "$work/contracts"
cp tests/pipeline/data/contract.yaml tests/pipeline/data/response.schema.json "$work/contracts/"
cat >>"$work/contracts/contract.yaml" <<'YAML'
tap: {listen: "127.0.0.1:0", legacy: "http://127.0.0.1:1", match: {method: POST, path: /orders}}
YAML
cat >"$config" <<'YAML'
store: sqlite:var/understudy.db
spool: file:var/spool
ring: {path: var/capture.ring, mib: 1}
interfaces: [contracts/contract.yaml]
YAML

# replay OPTIONS: the result as JSON in $work/result
replay() {
	"$understudy" replay -c "$config" --json "$@" >"$work/result" 2>"$work/err" ||
		fail "replay $* ended with $?: $(cat "$work/err")"
}
result() {
	jq -c "$1" "$work/result"
}

# both at once, the second packed: A of the HAR and of GoReplay, B, C, D, F; what tap.match leaves out is said
gzip -c "$recordings/orders.gor" >"$work/orders.gor.gz"
replay "$recordings/orders.har" "$work/orders.gor.gz"
expect "counts" "$(result '[.recorded, .replayed, .without_legacy]')" '[19,6,0]'
expect "left out" "$(result '.skipped | with_entries(select(.value > 0))')" \
	'{"outside_match":5,"aborted":1,"cut":1,"malformed":4,"no_request":1,"replayed_reply":1}'
expect "notes" "$(result '[.notes | length, (map(select(test("orders.gor.gz: byte [0-9]+: cut: the body is shorter"))) | length)]')" '[5,1]'
expect "notes on standard error" "$(grep -c 'left out and counted' "$work/err")" 5
expect_ties_out
expect "stored" "$(status_json .exchanges.stored)" 6
expect "statuses" "$(sql 'SELECT group_concat(legacy_status) FROM (SELECT legacy_status FROM exchange ORDER BY captured_at)')" \
	200,200,201,200,200,200
expect "latencies" "$(sql 'SELECT group_concat(legacy_latency_us) FROM (SELECT legacy_latency_us FROM exchange ORDER BY captured_at)')" \
	13250,1950,9500,100000,250000,100000
expect "the body with a separator inside is no JSON" "$(status_json .evaluations.dead_letter)" 1
expect "two versions of A" "$(sql 'SELECT count(*) FROM exchange WHERE revision_of IS NOT NULL')" 1

# again from standard input, in the words of the text form: nothing new
"$understudy" replay -c "$config" - <"$recordings/orders.har" >"$work/text" 2>/dev/null || fail "standard input: $?"
grep -qx '9 records, 1 exchanges replayed: 4 outside tap.match, 1 aborted by the client, 3 malformed' "$work/text" ||
	fail "the text form says: $(cat "$work/text")"
expect "stored after it" "$(status_json .exchanges.stored)" 6

# requests without replies: nothing is known of the legacy path, unless the table of its decisions says it
for id in A1 Z1; do
	printf '1 0000000000000000000000aa 1795235300000000000\nPOST /orders HTTP/1.1\r\nContent-Length: 12\r\n\r\n{"id": "%s"}\n🐵🙈🙉\n' $id
done >"$work/requests.gor"
printf 'id,queue,amount\r\nA1,x,10\r\n' >"$work/decisions.csv"
replay "$work/requests.gor"
expect "without a table" "$(result '[.recorded, .replayed, .skipped.no_reply]')" '[2,0,2]'
replay --outcomes "$work/decisions.csv" "$work/requests.gor"
expect "with a table" "$(result '[.recorded, .replayed, .without_legacy, .skipped.no_reply]')" '[2,2,1,0]'
expect_ties_out

# formats by name; a word that is none
replay --format gor "$recordings/orders.gor"
status=0
"$understudy" replay -c "$config" --format pcap "$recordings/orders.gor" 2>"$work/err" || status=$?
expect "a format that there is not" "$status" 2
"$understudy" replay -c "$config" --format har "$recordings/orders.gor" >/dev/null 2>"$work/err" && fail "a .gor file as HAR was taken"
grep -q 'orders.gor: this is no HAR' "$work/err" || fail "a .gor file as HAR: $(cat "$work/err")"
for speed in 0 -1 fast 1e99; do
	"$understudy" replay -c "$config" --speed "$speed" "$recordings/orders.gor" 2>"$work/err" && fail "--speed $speed was taken"
	grep -q "speed takes max" "$work/err" || fail "--speed $speed: $(cat "$work/err")"
done

# packed lines that break off are said with file and line
printf '{"id": 1}\n{"id": 2}\n' | gzip -c | head -c -10 >"$work/torn.jsonl.gz"
"$understudy" replay -c "$config" "$work/torn.jsonl.gz" >/dev/null 2>"$work/err" && fail "a torn file was taken"
grep -q 'torn.jsonl.gz:[12]: ' "$work/err" || fail "a torn file: $(cat "$work/err")"

# five seconds of recording at ten times the pace take half a second at least
cat >"$work/paced.jsonl" <<'JSON'
{"message": {"id": "P"}, "captured_at": "2026-11-10T10:00:00Z", "legacy": {"queue": "x"}, "llm": {"queue": "x"}}
{"message": {"id": "Q"}, "captured_at": "2026-11-10T09:00:00Z", "legacy": {"queue": "x"}, "llm": {"queue": "x"}}
{"message": {"id": "R"}, "captured_at": "2026-11-10T10:00:05Z", "legacy": {"queue": "x"}, "llm": {"queue": "x"}}
JSON
before=$(date +%s%N)
replay --speed 10 "$work/paced.jsonl"
elapsed=$((($(date +%s%N) - before) / 1000000))
[ "$elapsed" -ge 500 ] || fail "at ten times the pace it took $elapsed ms"
expect "all of them" "$(result .replayed)" 3

# stopped inside a pause of an hour: what was appended is accounted for, and the ledgers tie out
sed 's/"P"/"S"/; s/"Q"/"T"/; s/T10:00:05Z/T11:00:00Z/; s/"R"/"U"/' "$work/paced.jsonl" >"$work/hour.jsonl"
before=$(status_json .exchanges.stored)
"$understudy" replay -c "$config" --speed recorded "$work/hour.jsonl" >/dev/null 2>"$work/err" &
stopped=$!
pids="$pids $stopped"
tries=0
until [ "$(status_json .exchanges.stored)" = $((before + 2)) ]; do
	tries=$((tries + 1))
	[ $tries -le 400 ] || fail "S and T were not stored"
	sleep 0.05
done
kill -INT "$stopped"
status=0
wait "$stopped" || status=$?
expect "exit code when stopped" "$status" 2
grep -q 'stopped after 2 exchanges were replayed; what is done is kept' "$work/err" || fail "stopped: $(cat "$work/err")"
replay /dev/null # whatever the worker had not read yet
expect_ties_out
expect "stored when stopped" "$(status_json .exchanges.stored)" $((before + 2))

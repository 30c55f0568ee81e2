# The first hour: recorded messages and a table of past decisions, no tap. Counts checked by hand.
. tests/e2e/lib.sh
mkdir "$work/contracts"
cp tests/pipeline/data/contract.yaml tests/pipeline/data/response.schema.json "$work/contracts/"
cat >"$config" <<'YAML'
store: sqlite:var/understudy.db
spool: file:var/spool
ring: {path: var/capture.ring, mib: 1}
interfaces: [contracts/contract.yaml]
YAML
cat >"$work/messages.jsonl" <<'JSON'
{"message": {"id": "A", "at": "2026-11-10T10:00:00Z"}, "llm": {"queue": "x", "amount": 10.004}}
{"message": {"id": "B", "at": "2026-11-10T10:00:00Z"}, "llm": {"queue": "y", "amount": 20}}
{"message": {"id": "C", "at": "2026-11-11T10:00:00Z"}, "llm": "Sorry, no JSON today"}
{"message": {"id": "D", "at": "2026-11-11T10:00:00Z"}, "llm": {"queue": "x", "amount": 5}}
{"message": {"id": "A", "at": "2026-11-10T10:00:00Z"}, "llm": {"queue": "x", "amount": 10.004}}
JSON
printf 'order,queue,amount\r\nA,x,10\r\nB,x,20\r\nC,x,1\r\n' >"$work/decisions.csv"
"$understudy" replay -c "$config" --outcomes "$work/decisions.csv" --json "$work/messages.jsonl" >"$work/result" ||
	fail "replay ended with $?"
expect "lines" "$(jq .replayed "$work/result")" 5
expect "without a legacy decision" "$(jq .without_legacy "$work/result")" 1
expect "records" "$(jq -c .records "$work/result")" '{"agree":1,"disagree":2,"invalid":1,"to_review":4}'
expect_ties_out
expect "seen" "$(status_json .exchanges.seen)" 5
expect "duplicate" "$(status_json .exchanges.duplicate)" 1
expect "disagreements" "$(sql 'SELECT group_concat(field || verdict) FROM (SELECT field, verdict FROM v_diff WHERE verdict IN (2, 4) ORDER BY 1, 2)')" \
	"amount4,queue2,queue4"

# labels: the same records judged by hand; B: the LLM path is right, D: neither
"$understudy" label export -c "$config" -o "$work/tasks.csv" 2>/dev/null
grep -qi 'legacy\|llm' "$work/tasks.csv" && fail "the task file names a path"
record() { sql "SELECT lower(hex(e.exchange_id)) || '/document/' FROM exchange e JOIN payload p ON p.id = e.id
	JOIN review_value v JOIN review_item t ON t.id = v.item_id AND t.exchange_id = e.id WHERE v.value = '$1' LIMIT 1"; }
{
	echo "record_id,reviewer,labelled_at,cannot_tell,queue,amount,note"
	for reviewer in anna ben; do
		echo "$(record 10.004),$reviewer,2026-11-12T09:00:00Z,,x,10,"
		echo "$(record 20),$reviewer,2026-11-12T09:00:00Z,,y,20,"
		echo "$(record 5),$reviewer,2026-11-12T09:00:00Z,,z,5,"
	done
} >"$work/labels.csv"
"$understudy" label import -c "$config" "$work/labels.csv" >"$work/imported"
expect "final items" "$(sql 'SELECT count(*) FROM review_item WHERE status = 2')" 3
expect "legacy path right" "$(sql 'SELECT sum(correct) FROM judgement WHERE path = 0 AND field_id = 0')" 1
expect "LLM path right" "$(sql 'SELECT sum(correct) FROM judgement WHERE path > 0 AND field_id = 0')" 2
"$understudy" label import -c "$config" "$work/labels.csv" | grep -q ' 0 new, 6 known' || fail "importing twice is not idle"

# the same again: nothing new, nothing twice
"$understudy" replay -c "$config" --outcomes "$work/decisions.csv" "$work/messages.jsonl" >/dev/null
expect "stored after the second replay" "$(status_json .exchanges.stored)" 4
expect "duplicates after it" "$(status_json .exchanges.duplicate)" 6

# a command that fails while its worker still starts takes the worker with it, every time
for try in 1 2 3 4 5 6 7 8 9 10; do
	status=0
	timeout 20 "$understudy" replay -c "$config" --outcomes "$work/none.csv" "$work/messages.jsonl" 2>/dev/null || status=$?
	expect "exit code without the outcomes, try $try" "$status" 2
done

# two decisions for one message: said, with their lines, and nothing is taken
printf 'order,queue,amount\r\nA,x,10\r\nB,x,20\r\nA,x,11\r\n' >"$work/twice.csv"
"$understudy" replay -c "$config" --outcomes "$work/twice.csv" "$work/messages.jsonl" 2>"$work/err" && fail "two decisions were taken"
grep -q 'twice.csv:4: "A" has another decision in line 2' "$work/err" || fail "two decisions: $(cat "$work/err")"

# a dead letter of recorded replies stays one: nothing could take it up
echo '{"message": {"at": "2026-11-10T10:00:00Z"}, "llm": {"queue": "x", "amount": 1}}' >"$work/nobody.jsonl"
"$understudy" replay -c "$config" "$work/nobody.jsonl" | grep -q 'dead letters: 1$' || fail "replay is silent on its dead letter"
expect "dead letters" "$(status_json .evaluations.dead_letter)" 1
"$understudy" dead-letter retry -c "$config" >/dev/null || fail "dead-letter retry ended with $?"
expect "pending after the retry" "$(status_json .evaluations.pending)" 0

# what stands in the way is said, in one line
status=0
"$understudy" replay -c "$config" "$work" >/dev/null 2>"$work/err" || status=$?
expect "a directory in place of a file" "$status" 2

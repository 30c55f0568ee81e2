# The middleware's daily counts and identities against ours. All numbers are set up and checked by hand.
. tests/e2e/lib.sh
mkdir "$work/contracts"
cp tests/pipeline/data/contract.yaml tests/pipeline/data/response.schema.json "$work/contracts/"
cat >"$config" <<'YAML'
store: sqlite:var/understudy.db
spool: file:var/spool
ring: {path: var/capture.ring, mib: 1}
timezone: Europe/Berlin
interfaces: [contracts/contract.yaml]
YAML
# Berlin is an hour ahead: A is of the 10th; B, C (twice) and 7 are of the 11th; D and the one without id of the 12th.
cat >"$work/messages.jsonl" <<'JSON'
{"message": {"id": "A"}, "legacy": {"queue": "x"}, "llm": {"queue": "x"}, "captured_at": "2026-11-10T22:59:59.999999Z"}
{"message": {"id": "B"}, "legacy": {"queue": "x"}, "llm": {"queue": "x"}, "captured_at": "2026-11-10T23:00:00Z"}
{"message": {"id": "C"}, "legacy": {"queue": "x"}, "llm": {"queue": "x"}, "captured_at": "2026-11-11T10:00:00Z"}
{"message": {"id": "C"}, "legacy": {"queue": "x"}, "llm": {"queue": "x"}, "captured_at": "2026-11-11T10:00:05Z"}
{"message": {"id": 7}, "legacy": {"queue": "x"}, "llm": {"queue": "x"}, "captured_at": "2026-11-11T12:00:00Z"}
{"message": {"id": "D"}, "legacy": {"queue": "x"}, "llm": {"queue": "x"}, "captured_at": "2026-11-12T10:00:00Z"}
{"message": {"no": "id"}, "legacy": {"queue": "x"}, "llm": {"queue": "x"}, "captured_at": "2026-11-12T11:00:00Z"}
JSON
"$understudy" replay -c "$config" "$work/messages.jsonl" >/dev/null || fail "replay ended with $?"

# reconcile EXPECTED-EXIT-CODE OPTIONS: the result as JSON in $work/result
reconcile() {
	expected=$1
	shift
	status=0
	"$understudy" reconcile -c "$config" --json "$@" >"$work/result" 2>"$work/err" || status=$?
	expect "exit code of reconcile $*" "$status" "$expected"
}
result() {
	jq -c "$1" "$work/result"
}

cat >"$work/counts.csv" <<'CSV'
date,interface,count
2026-11-12,orders,2
2026-11-10,orders,1
2026-11-10,invoices,900
2026-11-11,orders,3
CSV
reconcile 0 --counts "$work/counts.csv"
expect "days" "$(result '[.days[] | [.date, .theirs, .ours, .difference]]')" \
	'[["2026-11-10",1,1,0],["2026-11-11",3,3,0],["2026-11-12",2,2,0]]'
expect "sums" "$(result '[.theirs, .ours, .agrees, .rows_of_other_interfaces]')" '[6,6,true,1]'
expect "duplicates of all time" "$(result '.since_the_beginning | [.stored, .duplicates, .in_spool]')" '[6,1,0]'
"$understudy" reconcile -c "$config" --counts "$work/counts.csv" >"$work/text" || fail "the text form ended with $?"
grep -q '^  2026-11-11 *3 *3 *+0$' "$work/text" || fail "no row of the 11th: $(cat "$work/text")"
grep -q '^all days agree$' "$work/text" || fail "the text form says: $(cat "$work/text")"

# their redelivery is one more than we store; a day that they leave out is 0 of theirs
printf 'tag,anzahl\n2026-11-10,1\n2026-11-12,4\n' >"$work/other.csv"
reconcile 1 --counts "$work/other.csv" --date-column tag --count-column anzahl
expect "differences" "$(result '[.days[] | [.theirs, .ours, .difference, .stated]]')" \
	'[[1,1,0,true],[0,3,3,false],[4,2,-2,true]]'

# identities: 7 is a number in the message; X was never seen; A of the day before the period was; C and D are not named
cat >"$work/identities.csv" <<'CSV'
date,interface,identity
2026-11-11,orders,B
2026-11-11,orders,7
2026-11-11,orders,X
2026-11-11,orders,A
2026-11-11,invoices,C
CSV
printf 'date,count\n2026-11-11,3\n2026-11-12,2\n' >"$work/two.csv"
reconcile 1 --counts "$work/two.csv" --identities "$work/identities.csv"
expect "counts agree" "$(result '[.days[].difference]')" '[0,0]'
expect "never seen" "$(result '[.never_seen.count, [.never_seen.listed[] | [.date, .identity]]]')" \
	'[1,[["2026-11-11","X"]]]'
expect "not named" "$(result '[.not_named.count, [.not_named.listed[] | [.date, .identity]]]')" \
	'[2,[["2026-11-11","C"],["2026-11-12","D"]]]'
expect "exchange of C" "$(result '.not_named.listed[0].exchange_id')" \
	"\"$(sql "SELECT lower(hex(exchange_id)) FROM exchange WHERE id = 3")\""
expect "rows" "$(result '[.their_identities, .rows_of_other_interfaces, .without_identity]')" '[4,1,1]'

# an identity of two values, each a number or a text
sed -i 's|id: \["$.id"\]|id: ["$.id", "$.line"]|' "$work/contracts/contract.yaml"
sed -i 's|understudy.db|second.db|; s|var/spool|var/second|' "$config"
cat >"$work/lines.jsonl" <<'JSON'
{"message": {"id": "A", "line": 1}, "legacy": {"queue": "x"}, "llm": {"queue": "x"}, "captured_at": "2026-11-11T10:00:00Z"}
{"message": {"id": 7, "line": "2"}, "legacy": {"queue": "x"}, "llm": {"queue": "x"}, "captured_at": "2026-11-11T10:00:00Z"}
JSON
printf 'date,count\n2026-11-11,2\n' >"$work/one.csv"
printf 'line,date,id\n1,2026-11-11,A\n' >"$work/order.csv" # columns in another order are other identities
printf 'date,id,line\n2026-11-11,A,1\n2026-11-11,7,2\n2026-11-11,A,2\n' >"$work/lines.csv"
"$understudy" replay -c "$config" "$work/lines.jsonl" >/dev/null || fail "the second replay ended with $?"
reconcile 1 --counts "$work/one.csv" --identities "$work/lines.csv"
expect "two values" "$(result '[.never_seen.listed[].identity, .not_named.count]')" '["A 2",0]'
reconcile 1 --counts "$work/one.csv" --identities "$work/order.csv"
expect "two values in another order" "$(result '[.never_seen.listed[].identity, [.not_named.listed[].identity]]')" \
	'["1 A",["A 1","7 2"]]'
sed -i 's|id: \["$.id", "$.line"\]|id: ["$.id"]|' "$work/contracts/contract.yaml"
sed -i 's|second.db|understudy.db|; s|var/second|var/spool|' "$config"

# what stands in the way is said, with its line
reconcile 2
printf 'date,count\n2026-11-11,3\n11.11.2026,2\n' >"$work/bad.csv"
reconcile 2 --counts "$work/bad.csv"
grep -q 'bad.csv:3: "11.11.2026" is not a date' "$work/err" || fail "a wrong date: $(cat "$work/err")"
printf 'date,count\n2026-11-11,3\n2026-11-11,3\n' >"$work/bad.csv"
reconcile 2 --counts "$work/bad.csv"
grep -q 'bad.csv:3: the day has another count in line 2' "$work/err" || fail "a day twice: $(cat "$work/err")"
printf 'date,count\n2026-11-11,-3\n' >"$work/bad.csv"
reconcile 2 --counts "$work/bad.csv"
printf 'date,first,second\n2026-11-11,B,C\n' >"$work/bad.csv"
reconcile 2 --counts "$work/two.csv" --identities "$work/bad.csv"

# accounts that do not add up are a data fault, whatever the days say
sqlite3 "$work/var/understudy.db" "UPDATE tap_account SET seen = seen + 1"
reconcile 4 --counts "$work/counts.csv"

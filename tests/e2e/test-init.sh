# From sample messages and past decisions to a comparison: init on simulated traffic, its contract, a replay against the
# simulated LLM path, a report. Then what a first user does wrong.
. tests/e2e/lib.sh
export LLM_API_KEY=test-key
samples=$work/samples
out=$work/out
mkdir "$samples"

# --- the middleware's view of 240 tickets: messages, and the rule path's decisions as a table ---
start_legacy --seed 1
python3 tests/e2e/clients/recorder.py "$LEGACY_URL/route" "$samples" >"$log/recorder" 2>&1 &
pids="$pids $!"
recorder=$(wait_line "$log/recorder" "recorder ")
"$understudy" sim traffic --to "$recorder/route" --tickets "$example/sim/tickets.json" --count 240 --weeks 4 --until 2026-11-16 \
	--seed 7 --duplicates 0 --revisions 0 >"$log/traffic" 2>&1 || fail "traffic: $(cat "$log/traffic")"
messages=$(wc -l <"$samples/messages.jsonl")
expect "messages recorded" "$messages" 240
jq -r '[.ticket_id, .queue, .priority, .amount, .language] | @csv' "$samples/replies.jsonl" |
	sed '1i ticket_id,queue,priority,amount,language' | tr -d '"' >"$work/decisions.csv"

# --- init ---
start_llm --seed 1 --faults wrong=0.1
cat >"$work/answers.yaml" <<'YAML'
endpoint: "${LLM_URL}"
model: sim
owner: lead@example.com
YAML
status=0
"$understudy" init --samples "$samples/messages.jsonl" --outcomes "$work/decisions.csv" --interface tickets -o "$out" >"$log/none" 2>&1 \
	--answers "$work/answers.yaml" || status=$?
# the file's ${LLM_URL} is replaced from the environment while it is read
expect "exit code of init ($(cat "$log/none"))" "$status" 0
contract=$out/contracts/tickets/contract.yaml
for file in understudy.yaml contracts/tickets/contract.yaml contracts/tickets/request.schema.json \
	contracts/tickets/response.schema.json contracts/tickets/prompt.md; do
	[ -s "$out/$file" ] || fail "$file was not written"
done
[ ! -e "$out/recording.jsonl" ] || fail "a recording was written although replay reads samples and table"
grep -q 'ticket_id.*unique in 240 of 240' "$contract" || fail "identity without evidence: $(cat "$contract")"
"$understudy" contract check "$contract" >"$log/check" 2>&1 || fail "contract check: $(cat "$log/check")"
"$understudy" contract check "$contract" --effective >"$work/effective" || fail "no effective contract"
expect "compared fields" "$(jq -r '[.fields[].name] | sort | join(",")' "$work/effective")" "amount,language,priority,queue"
grep -q '"\$.contact"' "$contract" || fail "the contact is not classified"
grep -q '{{/contact}}' "$out/contracts/tickets/prompt.md" && fail "the prompt uses personal data"
jq -e '.properties.queue.enum | length == 8' "$out/contracts/tickets/response.schema.json" >/dev/null ||
	fail "the queues are no closed list: $(cat "$out/contracts/tickets/response.schema.json")"

# --- replay and report; the prompt is the user's to write, here the example's ---
grep -v confidence "$example/contracts/ticket-routing/prompt.md" >"$out/contracts/tickets/prompt.md"
sed -i 's|^spool:.*|&\nring: {path: var/capture.ring, mib: 1}|' "$out/understudy.yaml"
"$understudy" replay -c "$out/understudy.yaml" --outcomes "$work/decisions.csv" --key ticket_id --json "$samples/messages.jsonl" \
	>"$work/result" 2>"$log/replay" || fail "replay ended with $?: $(cat "$log/replay")"
expect "replayed" "$(jq .replayed "$work/result")" 240
expect "without a legacy decision" "$(jq .without_legacy "$work/result")" 0
expect "dead letters" "$(jq .dead_letters "$work/result")" 0
expect "compared records" "$(jq '[.records.agree, .records.disagree, .records.invalid] | map(. // 0) | add' "$work/result")" 240
"$understudy" report -c "$out/understudy.yaml" -o "$work/report" --as-of 2026-11-17T06:00:00Z >/dev/null 2>"$log/report" ||
	fail "report: $(cat "$log/report")"
grep -q 'tickets' "$work/report/report.html" || fail "the report does not name the interface"
expect "weeks in the store" "$(sqlite3 -readonly "$out/var/understudy.db" 'SELECT count(DISTINCT week) FROM exchange')" 4

# --- items: several rows for one message, semicolons; replay gets lines that it can read ---
mkdir "$work/orders"
python3 - "$work" <<'PY'
import json, sys
work = sys.argv[1]
with open(work + "/rows.csv", "w") as rows:
    rows.write("order;line;plant\n")
    for i in range(30):
        count = 1 + i % 3
        message = {"order": "P%02d" % i, "lines": [{"no": 10 * (k + 1)} for k in range(count)]}
        with open(work + "/orders/%02d.json" % i, "w") as file:
            json.dump(message, file, indent=1)
        for k in range(count):
            rows.write("P%02d;%d;%s\n" % (i, 10 * (k + 1), "AB"[(i + k) % 2]))
PY
"$understudy" init --samples "$work/orders" --outcomes "$work/rows.csv" -o "$work/out2" --yes --json >"$work/facts" 2>"$log/init" ||
	fail "init with items: $(cat "$log/init")"
expect "level and key" "$(jq -r '.level + " " + .key' "$work/facts")" "item line"
expect "identity" "$(jq -r .identity.at "$work/facts")" '$.order'
expect "left to decide" "$(jq -r '[.questions[] | select(.source == "default") | .id] | join(",")' "$work/facts")" \
	"records,owner,endpoint,model"
expect "lines of the recording" "$(wc -l <"$work/out2/recording.jsonl")" 30
expect "mode of the recording" "$(stat -c %a "$work/out2/recording.jsonl")" 600
expect "rows in the recording" "$(jq -s '[.[].legacy.items | length] | add' "$work/out2/recording.jsonl")" 60
sed -i "s|http://127.0.0.1:8000/v1|http://127.0.0.1:1/v1|; s|retries: 2|retries: 0|" "$work/out2/contracts/orders/contract.yaml"
sed -i 's|^spool:.*|&\nring: {path: var/capture.ring, mib: 1}|' "$work/out2/understudy.yaml"
"$understudy" replay -c "$work/out2/understudy.yaml" --json "$work/out2/recording.jsonl" >"$work/result" 2>"$log/replay" ||
	fail "replay of items: $(cat "$log/replay")"
expect "records at item level" "$(jq .records.invalid "$work/result")" 60

# --- what goes wrong is said ---
refused() { # refused WORDS COMMAND...: exit code 2, and its message
	words=$1
	shift
	status=0
	"$@" >/dev/null 2>"$work/err" || status=$?
	expect "exit code of $*" "$status" 2
	grep -q "$words" "$work/err" || fail "$*: $(cat "$work/err")"
}
refused "is there already" "$understudy" init --samples "$work/orders" -o "$work/out2" --yes
refused "EDI X12" sh -c "printf 'ISA*00*' >'$work/x.edi'; exec '$understudy' init --samples '$work/x.edi' -o '$work/none' --yes"
refused "no such file" "$understudy" init --samples "$work/nowhere" -o "$work/none" --yes
refused "no value of any column" "$understudy" init --samples "$work/orders" --outcomes "$work/decisions.csv" -o "$work/none" --yes
[ ! -e "$work/none" ] || fail "a refused init left files"
printf '{"id": 1}\n{"id": 2,\n{"id": 3}\n' >"$work/broken.jsonl"
"$understudy" init --samples "$work/broken.jsonl" -o "$work/out3" --yes >/dev/null 2>"$work/err" || fail "one broken line ended init"
grep -q 'broken.jsonl:2: .*left out' "$work/err" || fail "the broken line is not named: $(cat "$work/err")"
"$understudy" init --samples "$work/orders" -o "$work/out2" --yes --force >/dev/null || fail "--force did not overwrite"

# --- on a terminal it asks, one question at a time: an answer by number, a wrong one, a default, then all the others ---
python3 - "$understudy" "$work" >"$work/dialogue" 2>&1 <<'PY' || fail "on a terminal: $(cat "$work/dialogue")"
import os, pty, select, sys, time
understudy, work = sys.argv[1:3]
child, terminal = pty.fork()
if child == 0:
    os.execv(understudy, [understudy, "init", "--samples", work + "/orders", "--outcomes", work + "/rows.csv", "-o", work + "/out4"])
said = ""
def wait_for(text, since):
    global said
    until = time.time() + 20
    while text not in said[since:]:
        if time.time() > until or not select.select([terminal], [], [], 20)[0]:
            sys.exit("no %r in: %s" % (text, said))
        said += os.read(terminal, 4096).decode()
    return len(said)
def answer(line):
    os.write(terminal, line.encode() + b"\n")
at = wait_for("[item] ", 0)
answer("7")
at = wait_for("[item] ", at)
answer("1")
at = wait_for("[lead@example.com] ", at)
answer("anna@example.com")
at = wait_for("[http://127.0.0.1:8000/v1] ", at)
answer("!")
at = wait_for("next:", at)
while True:
    try:
        if not os.read(terminal, 4096):
            break
    except OSError:
        break
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
PY
grep -q 'anna@example.com' "$work/out4/contracts/orders/contract.yaml" || fail "the owner's answer is lost"
grep -q '^#   model: to-be-named' "$work/out4/contracts/orders/contract.yaml" || fail "a question left open is not listed"
grep -q '^#   owner' "$work/out4/contracts/orders/contract.yaml" && fail "an answered question is listed as open" || true

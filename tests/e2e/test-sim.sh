# The simulators by themselves: replies of the right shape, the same ones for the same seed whatever the order, faults
# where they are asked for, tickets with their reference answers, reviewers with their share of mistakes.
. tests/e2e/lib.sh
tickets=$example/sim/tickets.json

post() {
	curl -s -m 10 -o "$work/reply" -w '%{http_code}' -H 'Content-Type: application/json' --data-binary "@$2" "$1"
}

# chat TEXT: a chat completion request as the contract's prompt makes it.
chat() {
	jq -n --arg text "$1" '{model: "m", messages: [{role: "system", content: "Route."},
		{role: "user", content: ("Route this.\n\nTICKET: T-100001\nPRODUCT: Lamp\nTEXT: " + $text + "\n")}]}' >"$work/chat"
}

# --- the legacy path ---
start_legacy --seed 1
cat >"$work/ticket" <<'END'
{"ticket_id":"T-100001","created":"2026-11-10T10:00:00Z","product":"Lamp","text":"Urgent: I want my MONEY BACK, EUR 1,234.50!","contact":"x"}
END
expect "status of the legacy path" "$(post "$LEGACY_URL/route" "$work/ticket")" 200
expect "its decision" "$(jq -c -S . "$work/reply")" \
	'{"amount":1234.5,"language":"en","priority":"high","queue":"refunds","ticket_id":"T-100001"}'
sed -i 's/Urgent.*!"/Ich warte auf die Erstattung von 1.234,50 EUR."/' "$work/ticket"
post "$LEGACY_URL/route" "$work/ticket" >/dev/null
expect "a German amount, misread" "$(jq -c '[.queue, .amount < 2, .language]' "$work/reply")" '["refunds",true,"de"]'
echo 'no JSON' >"$work/broken"
expect "status for what is not JSON" "$(post "$LEGACY_URL/route" "$work/broken")" 400
expect "status of GET" "$(curl -s -o /dev/null -w '%{http_code}' "$LEGACY_URL/route")" 405

# --- the LLM path ---
# As start_llm, for several in one test: the former one's line must not be taken for the new one's.
start_another() {
	rm -f "$log/llm"
	start_llm "$@"
}
start_llm --seed 1 --model tester --faults wrong=0
chat "I want my money back, 1.234,50 EUR."
expect "status of the LLM path" "$(post "$LLM_URL/chat/completions" "$work/chat")" 200
expect "its answer" "$(jq -c '.choices[0].message.content | fromjson | del(.confidence)' "$work/reply")" \
	'{"ticket_id":"T-100001","queue":"refunds","amount":1234.5,"priority":"normal","language":"en"}'
expect "its confidence" "$(jq '.choices[0].message.content | fromjson | .confidence | . >= 0.8 and . <= 1' "$work/reply")" true
expect "model and end" "$(jq -c '[.model, .object, .choices[0].finish_reason]' "$work/reply")" '["tester","chat.completion","stop"]'
# Tokens: characters by four, rounded up, over all messages.
characters=$(jq '[.messages[].content | length] | add' "$work/chat")
expect "tokens of the prompt" "$(jq .usage.prompt_tokens "$work/reply")" $(((characters + 3) / 4))
expect "tokens in all" "$(jq '.usage | .prompt_tokens + .completion_tokens == .total_tokens' "$work/reply")" true
cp "$work/reply" "$work/first"
post "$LLM_URL/chat/completions" "$work/chat" >/dev/null
cmp "$work/first" "$work/reply" || fail "the same request got another answer"
expect "status of another path" "$(post "${LLM_URL%/v1}/other" "$work/chat")" 404

# fault NAME: the reply where every request meets this fault.
fault() {
	start_another --seed 1 --faults "wrong=0,$1=1"
	status=$(post "$LLM_URL/chat/completions" "$work/chat")
}
content='.choices[0].message.content'
fault error
expect "status of error" "$status" 500
fault rate_limit
expect "status of rate_limit" "$status" 429
fault prose
expect "prose" "$(jq "$content | test(\"^Sure\")" "$work/reply")" true
fault cut
expect "cut" "$(jq -c "[.choices[0].finish_reason, ($content | endswith(\"}\"))]" "$work/reply")" '["length",false]'
fault undeclared
expect "undeclared" "$(jq "$content | fromjson | has(\"reasoning\")" "$work/reply")" true
fault wrong_type
expect "wrong_type" "$(jq "$content | fromjson | .amount | type" "$work/reply")" '"string"'
fault refuse
expect "refuse" "$(jq "$content == null and (.choices[0].message.refusal | length > 0)" "$work/reply")" true
fault wrong
expect "wrong" "$(jq "$content | fromjson | .queue == \"refunds\" and .priority == \"normal\"" "$work/reply")" false
start_another --faults hang=1
curl -s -m 1 -o /dev/null --data-binary "@$work/chat" "$LLM_URL/chat/completions" && fail "a hanging service answered"
"$understudy" sim llm --script "$example/sim/llm.json" --faults nonsense=1 2>/dev/null && fail "an unknown fault was accepted"

# --- half of the requests fail: a retry can succeed, and which fail depends on the seed alone ---
# statuses SEED: of 20 different requests, each sent twice.
statuses() {
	start_another --seed "$1" --faults error=0.5
	for i in $2; do
		chat "Message number $i"
		echo "$i $(post "$LLM_URL/chat/completions" "$work/chat") $(post "$LLM_URL/chat/completions" "$work/chat")"
	done | sort -n
}
up="1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20"
down="20 19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1"
statuses 7 "$up" >"$work/up"
statuses 7 "$down" >"$work/down"
statuses 8 "$up" >"$work/other"
cmp "$work/up" "$work/down" || fail "faults depend on the order of requests"
cmp -s "$work/up" "$work/other" && fail "another seed gave the same faults"
grep -q "500 200" "$work/up" || fail "no retry succeeded"

# --- traffic ---
tap_url=$LEGACY_URL
send 50 5 --duplicates 0.1 --revisions 0.1
grep -q "^answered [0-9]* with 2xx, 0 otherwise" "$log/traffic" || fail "$(cat "$log/traffic")"
grep "^sent" "$log/traffic" >"$work/sent"
cp "$work/reference-5.csv" "$work/reference-first.csv"
send 50 5 --duplicates 0.1 --revisions 0.1 --connections 1
grep "^sent" "$log/traffic" | cmp - "$work/sent" || fail "the same seed sent other messages"
cmp "$work/reference-5.csv" "$work/reference-first.csv" || fail "the same seed made other tickets"
expect "rows of the reference" "$(wc -l <"$work/reference-5.csv")" 51
expect "its header" "$(head -n 1 "$work/reference-5.csv" | tr -d '\r')" "ticket_id,queue,priority,amount,language"
"$understudy" sim traffic --to http://127.0.0.1:1/route --tickets "$tickets" --count 2 >/dev/null 2>&1 &&
	fail "traffic that nobody answers is no success"

# --- reviewers ---
# 2000 tasks on the tickets of the reference, both slots for every tenth.
tail -n +2 "$work/reference-5.csv" | tr -d '\r' | awk -F, 'BEGIN { print "record_id,week,message,assigned,status,queue,queue_values,amount,amount_values" }
	{ for (i = 0; i < 40; i++) printf "%s-%d,2026-W46,\"{\"\"ticket_id\"\":\"\"%s\"\",\"\"created\"\":\"\"2026-11-10T08:00:00Z\"\"}\",%s,open,,\"[\"\"%s\"\",\"\"sales\"\"]\",,[%s]\n",
		$1, i, $1, i % 10 == 0 ? "1 2" : 1 + i % 2, $2, $4 }' >"$work/tasks.csv"
review() {
	"$understudy" sim reviewer --tasks "$work/tasks.csv" --reference "$work/reference-5.csv" --key ticket_id --seed 3 "$@" >"$log/review"
}
review --reviewer anna --slot 1 --error-rate 0 -o "$work/anna.csv"
expect "header of labels" "$(head -n 1 "$work/anna.csv" | tr -d '\r')" "record_id,reviewer,labelled_at,cannot_tell,comment,queue,amount"
expect "labels of slot 1" "$(($(wc -l <"$work/anna.csv") - 1))" 1000
expect "time of labels" "$(grep -c ',anna,2026-11-12T08:00:00.000000Z,' "$work/anna.csv")" 1000
# right QUEUE,AMOUNT of each label, against the reference
wrong_of() {
	tr -d '\r' <"$1" | awk -F, 'NR == FNR { queue[$1] = $2; amount[$1] = $4; next } FNR > 1 { split($1, id, "-");
		key = id[1] "-" id[2]; wrong += $6 != queue[key] || $7 != amount[key] } END { print wrong + 0 }' "$work/reference-5.csv" -
}
expect "mistakes without an error rate" "$(wrong_of "$work/anna.csv")" 0
review --reviewer ben --slot 2 --error-rate 0.1 -o "$work/ben.csv"
expect "labels of slot 2" "$(($(wc -l <"$work/ben.csv") - 1))" 1200
# 120 are expected, "cannot tell" included 132; six standard deviations of 10.4 either way
wrong=$(wrong_of "$work/ben.csv")
[ "$wrong" -gt 60 ] && [ "$wrong" -lt 200 ] || fail "$wrong mistakes of 1200 at an error rate of 0.1"
cp "$work/ben.csv" "$work/again.csv"
review --reviewer ben --slot 2 --error-rate 0.1 -o "$work/ben.csv"
cmp "$work/ben.csv" "$work/again.csv" || fail "the same seed made other labels"
review --reviewer carla --slot 0 --error-rate 0 -o "$work/carla.csv"
expect "labels of an adjudicator" "$(($(wc -l <"$work/carla.csv") - 1))" 2000

# --- they end when told to ---
for pid in $pids; do
	kill "$pid"
	wait "$pid" || fail "a simulator ended with $?"
done
pids=""

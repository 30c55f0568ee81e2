#!/bin/sh
# Two real services over real traffic: a fastText router as the legacy path, a sentence encoder behind an OpenAI-shaped
# API as the candidate, and customers' queries with human gold labels. The material stands in ../shared beside the
# checkout (UNDERSTUDY_SHARED names another place); without it, node or fasttext the test is skipped with exit code 77.
#
# Checks: every message is accounted for; the 99.9 % intervals of both paths' accuracy and of their difference cover the
# true values from all gold labels; each agreement and disagreement equals one counted independently.
# N (1500) and RATE (50 a second) change the run.
. tests/e2e/lib.sh

shared=$(cd "${UNDERSTUDY_SHARED:-../shared}" 2>/dev/null && pwd) || { echo "skipped: no ../shared here"; exit 77; }
[ -d "$shared/tools/real-paths" ] || { echo "skipped: no $shared/tools/real-paths"; exit 77; }
command -v node >/dev/null || { echo "skipped: node is missing (Node 20 or newer)"; exit 77; }
command -v npm >/dev/null || { echo "skipped: npm is missing"; exit 77; }
if ! command -v fasttext >/dev/null && [ -z "${NO_INSTALL:-}" ]; then
	sh tests/deps.sh real
fi
command -v fasttext >/dev/null || { echo "skipped: fasttext is missing (apt-get install fasttext)"; exit 77; }

n=${N:-1500}
rate=${RATE:-50}
seed=${SEED:-1}

# The services look for their data beside them and write a cache: they run from a copy, kept between runs.
place=$root/build/real-paths
tools=$place/tools/real-paths
if [ ! -d "$tools/node_modules" ]; then
	rm -rf "$place"
	mkdir -p "$place/tools" "$place/data"
	cp -r "$shared/tools/real-paths" "$place/tools/"
	cp -r "$shared/data/banking77" "$place/data/"
	chmod -R u+w "$place"
	(cd "$tools" && npm ci --silent --no-audit --no-fund >"$log/npm" 2>&1) || fail "npm ci"
fi

node "$tools/legacy.mjs" --port 0 >"$log/legacy" 2>&1 &
pids="$pids $!"
node "$tools/candidate.mjs" --port 0 >"$log/llm" 2>&1 &
pids="$pids $!"
LEGACY_URL=$(wait_line "$log/legacy" "legacy listening on ")
LLM_URL=$(wait_line "$log/llm" "candidate listening on ")/v1
export LEGACY_URL LLM_URL LLM_API_KEY=any LLM_MODEL=use-lite-softmax TAP_LISTEN=127.0.0.1:0 WEB_LISTEN=127.0.0.1:0
export SAMPLING_KEY="a key for the real paths, seed $seed"
cp -r examples/banking-queries/contracts "$work/"
sed 's|^web:.*|ring: {path: var/capture.ring, mib: 16}\nkeys: {sampling: "${SAMPLING_KEY}"}|' \
	examples/banking-queries/understudy.yaml >"$config"
start_run
node "$tools/send.mjs" --target "$tap_url/route" --n "$n" --rate "$rate" --seed "$seed" --gold "$work/gold.csv" >"$log/traffic" ||
	fail "some replies were no 2xx: $(cat "$log/traffic")"
wait_settled 300
expect_ties_out
expect "seen" "$(status_json .exchanges.seen)" "$n"
expect "stored" "$(status_json .exchanges.stored)" "$n"
expect "compared" "$(status_json .evaluations.compared)" "$n"
expect "outcomes other than ok" "$(sql 'SELECT count(*) FROM v_outcome WHERE outcome <> 0')" 0

# The same queries, asked of both services directly: the true figures, counted without us.
node tests/real-paths-count.mjs "$tools" "$n" "$seed" "$LEGACY_URL" "$LLM_URL" >"$work/true.json" || fail "the independent count"
expect "agreements" "$(sql 'SELECT sum(count) FROM rollup_record WHERE side = 0')" "$(jq .agree "$work/true.json")"
expect "disagreements" "$(sql 'SELECT sum(count) FROM rollup_record WHERE side = 1')" "$(jq .disagree "$work/true.json")"
sql "SELECT legacy_value || ' ' || llm_value FROM v_diff WHERE verdict = 2" | sort >"$work/found"
jq -r '.pairs[] | "\"\(.[0])\" \"\(.[1])\""' "$work/true.json" | sort >"$work/counted"
cmp "$work/found" "$work/counted" || fail "the disagreements are others than those counted: $(diff "$work/found" "$work/counted" | head -n 3)"

# Review: labels from the gold file, for the sampled records alone.
"$understudy" label export -c "$config" -o "$work/tasks.csv" 2>/dev/null
tasks=$(sql 'SELECT count(*) FROM review_item')
[ "$tasks" -lt "$n" ] || fail "all $n records were sampled: that tests no sampling"
for reviewer in 1 2; do
	"$understudy" sim reviewer --tasks "$work/tasks.csv" --reference "$work/gold.csv" --key ticket_id \
		--reviewer "gold-$reviewer" --slot $reviewer --error-rate 0 --labelled-at 2026-11-16T09:00:00Z \
		-o "$work/labels-$reviewer.csv" >/dev/null
	"$understudy" label import -c "$config" "$work/labels-$reviewer.csv" >/dev/null
done
expect "records judged" "$(sql 'SELECT count(*) FROM review_item WHERE status = 2')" "$tasks"

# The strata as the report builds them: N counted by the comparator, n and x from the labels.
sql "SELECT r.side, (SELECT sum(count) FROM rollup_record WHERE side = r.side), count(*), sum(l.correct), sum(g.correct),
	sum(l.correct AND NOT g.correct), sum(g.correct AND NOT l.correct)
	FROM review_item t JOIN record r ON r.exchange_id = t.exchange_id AND r.key = t.key
	JOIN judgement l ON l.item_id = t.id AND l.path = r.candidate_id AND l.field_id = 0
	JOIN judgement g ON g.item_id = t.id AND g.path = 0 AND g.field_id = 0 GROUP BY r.side" >"$work/strata"
questions() {
	jq -R -s -c 'split("\n") | map(select(. != "") | split("|") | map(tonumber)) | . as $s
		| def strata(f): $s | map({N: .[1], n: .[2]} + f);
		{method: "mover_wilson_fpc", input: {conf: 0.999, strata: strata({x: .[3]})}},
		{method: "mover_wilson_fpc", input: {conf: 0.999, strata: strata({x: .[4]})}},
		{method: "paired_difference_mover_tango_fpc", input: {conf: 0.999, strata: strata({b: .[5], c: .[6]})}}' "$work/strata"
}
questions | "$understudy" stats >"$work/intervals"
covers() {
	jq -e -s --argjson at "$2" --argjson truth "$(jq "$3" "$work/true.json")" \
		'.[$at].result | .[1] <= $truth and $truth <= .[2]' "$work/intervals" >/dev/null ||
		fail "$1: $(sed -n "$(($2 + 1))p" "$work/intervals") does not cover $(jq "$3" "$work/true.json")"
}
covers "accuracy of the candidate" 0 '.candidate_right / .n'
covers "accuracy of the legacy path" 1 '.legacy_right / .n'
covers "difference" 2 '(.candidate_right - .legacy_right) / .n'
"$understudy" report -c "$config" -o "$work/report" >/dev/null || fail "the report"
"$understudy" gate -c "$config" >"$log/gate" || true
echo "real paths: $n messages, $tasks reviewed; true accuracy: legacy $(jq '.legacy_right / .n' "$work/true.json"), candidate $(
	jq '.candidate_right / .n' "$work/true.json"); estimated with 99.9 % intervals: $(jq -c .result "$work/intervals" | tr '\n' ' ')"

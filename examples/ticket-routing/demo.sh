#!/bin/sh
# The whole loop on simulated traffic: tap, legacy path, LLM path, comparison, review, weekly report, gate.
#   demo.sh        runs it and leaves everything in build/demo
#   demo.sh web    serves the pages of the last run until Ctrl-C
# COUNT (3000), WEEKS (8), SEED (1) and DEMO (build/demo) change the run. LLM_URL, LLM_MODEL and LLM_API_KEY point it at a
# real OpenAI-compatible endpoint (base URL, ending in /v1).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
understudy=${UNDERSTUDY:-$here/../../build/understudy}
demo=${DEMO:-$here/../../build/demo}
count=${COUNT:-3000}
weeks=${WEEKS:-8}
seed=${SEED:-1}
until=2026-11-16 # a Monday: the simulated weeks lie before it
as_of=2026-11-17T06:00:00Z
config=$demo/understudy.yaml

# Waits for a line in a file that a background program writes; prints what follows the line's beginning.
wait_line() {
	tries=0
	until grep -q "^$2" "$1" 2>/dev/null; do
		tries=$((tries + 1))
		if [ $tries -gt 200 ]; then
			echo "demo: no \"$2\" in $1:" >&2
			cat "$1" >&2
			exit 1
		fi
		sleep 0.05
	done
	sed -n "s|^$2||p" "$1" | head -n 1
}

stop_all() {
	for pid in ${run_pid:-} ${legacy_pid:-} ${llm_pid:-}; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
	done
}

export TAP_LISTEN=127.0.0.1:0 WEB_LISTEN="${WEB_LISTEN:-127.0.0.1:8400}" UNDERSTUDY_SAMPLING_KEY="the demo's key, seed $seed"
if [ "${1:-}" = web ]; then
	export LEGACY_URL=http://127.0.0.1:9 LLM_URL="${LLM_URL:-http://127.0.0.1:9/v1}" LLM_API_KEY=none
	export LLM_MODEL="${LLM_MODEL:-understudy-sim}"
	exec "$understudy" web -c "$config" --reports "$demo/report"
fi

if [ -n "${LLM_URL:-}" ] && [ -z "${LLM_MODEL:-}" ]; then
	echo "demo: LLM_URL is set and LLM_MODEL is not; set the model's name too" >&2
	exit 2
fi

rm -rf "$demo"
mkdir -p "$demo/log"
demo=$(cd "$demo" && pwd)
config=$demo/understudy.yaml
cp -r "$here/contracts" "$demo/"
# The demo keeps its sampling key and its ring to itself, so that every run of a seed draws the same sample.
sed 's|^web:.*|&\nring: {path: var/capture.ring, mib: 16}\nkeys: {sampling: "${UNDERSTUDY_SAMPLING_KEY}"}|' \
	"$here/understudy.yaml" >"$config"
trap stop_all EXIT INT TERM

echo "== starting the legacy path, the LLM path and understudy"
"$understudy" sim legacy --listen 127.0.0.1:0 --script "$here/sim/legacy.json" --seed "$seed" >"$demo/log/legacy.log" 2>&1 &
legacy_pid=$!
LEGACY_URL=$(wait_line "$demo/log/legacy.log" "sim legacy ")
if [ -n "${LLM_URL:-}" ]; then
	LLM_API_KEY=${LLM_API_KEY:-none}
	sed -i '/simulated: true  *# the demo/d' "$demo/contracts/ticket-routing/contract.yaml"
else
	"$understudy" sim llm --listen 127.0.0.1:0 --script "$here/sim/llm.json" --seed "$seed" --model understudy-sim \
		--faults "${FAULTS:-error=0.01,rate_limit=0.005,prose=0.004,cut=0.002,undeclared=0.003,wrong_type=0.002,refuse=0.001}" \
		>"$demo/log/llm.log" 2>&1 &
	llm_pid=$!
	LLM_URL=$(wait_line "$demo/log/llm.log" "sim llm ")/v1
	LLM_MODEL=understudy-sim
	LLM_API_KEY=simulated
fi
export LEGACY_URL LLM_URL LLM_MODEL LLM_API_KEY
WEB_LISTEN=127.0.0.1:0 "$understudy" run -c "$config" >"$demo/log/run.log" 2>"$demo/log/run.err" &
run_pid=$!
wait_line "$demo/log/run.log" "ready" >/dev/null
tap_url=$(sed -n 's|^tap *[^:]*: \(http://[^ ]*\) .*|\1|p' "$demo/log/run.log")

echo "== sending $count messages of $weeks weeks through the tap"
"$understudy" sim traffic --to "$tap_url/route" --tickets "$here/sim/tickets.json" --count "$count" --weeks "$weeks" \
	--until "$until" --seed "$seed" --reference "$demo/reference.csv"

echo "== comparing"
"$understudy" status -c "$config" --wait

echo "== reviewing: two reviewers, then an adjudicator for what they disagree on"
"$understudy" label export -c "$config" -o "$demo/tasks.csv"
for reviewer in 1 2; do
	name=$(echo "anna ben" | cut -d' ' -f$reviewer)
	"$understudy" sim reviewer --tasks "$demo/tasks.csv" --reference "$demo/reference.csv" --key ticket_id \
		--reviewer "$name" --slot $reviewer --error-rate 0.01 --seed "$seed" -o "$demo/labels-$name.csv"
	"$understudy" label import -c "$config" "$demo/labels-$name.csv"
done
"$understudy" label export -c "$config" --status conflict -o "$demo/conflicts.csv"
"$understudy" sim reviewer --tasks "$demo/conflicts.csv" --reference "$demo/reference.csv" --key ticket_id \
	--reviewer carla --slot 0 --error-rate 0 --seed "$seed" -o "$demo/labels-carla.csv"
"$understudy" label import -c "$config" --adjudication "$demo/labels-carla.csv"

echo "== report and gate"
"$understudy" report -c "$config" --as-of "$as_of" -o "$demo/report"
"$understudy" gate -c "$config" --as-of "$as_of" || true
echo "report: $demo/report/report.html"

# Invariant 9 and the demo: two runs with one seed give the same report, but for the marked block of measured times.
. tests/e2e/lib.sh
for run in 1 2; do
	DEMO="$work/demo-$run" UNDERSTUDY="$understudy" COUNT=400 WEEKS=5 SEED=7 sh "$example/demo.sh" >"$log/demo-$run" 2>&1 ||
		fail "the demo: $(tail -n 3 "$log/demo-$run")"
done
unmeasured() {
	sed '/measured:begin/,/measured:end/d' "$1" | sed "s|$work/demo-[12]||g"
}
for format in html md; do
	unmeasured "$work/demo-1/report/report.$format" >"$work/first"
	unmeasured "$work/demo-2/report/report.$format" >"$work/second"
	cmp "$work/first" "$work/second" || fail "report.$format differs: $(diff "$work/first" "$work/second" | head -n 5)"
	[ "$(wc -c <"$work/first")" -gt 3000 ] || fail "report.$format is nearly empty"
	grep -qi "simulated" "$work/first" || fail "report.$format does not say that the paths are simulated"
done
jq -S 'del(.measured)' "$work/demo-1/report/report.json" >"$work/first"
jq -S 'del(.measured)' "$work/demo-2/report/report.json" >"$work/second"
cmp "$work/first" "$work/second" || fail "report.json differs: $(diff "$work/first" "$work/second" | head -n 5)"
jq -e .measured "$work/demo-1/report/report.json" >/dev/null || fail "report.json has no member measured"
ls "$work"/demo-1/report/plots/*.svg >/dev/null || fail "no plots"
for plot in "$work"/demo-1/report/plots/*; do
	cmp "$plot" "$work/demo-2/report/plots/$(basename "$plot")" || fail "$(basename "$plot") differs"
done
# the same store, command and --as-of: the same bytes, measured times and all
config=$work/demo-1/understudy.yaml
export LEGACY_URL=http://127.0.0.1:1 LLM_URL=http://127.0.0.1:1/v1 LLM_MODEL=understudy-sim LLM_API_KEY=none \
	TAP_LISTEN=127.0.0.1:0 WEB_LISTEN=127.0.0.1:0 UNDERSTUDY_SAMPLING_KEY="the demo's key, seed 7"
for n in 1 2; do
	"$understudy" report -c "$config" --as-of 2026-11-17T06:00:00Z -o "$work/again-$n" >/dev/null
done
diff -r "$work/again-1" "$work/again-2" || fail "two reports of one store differ"
grep -q "^report: " "$log/demo-1" || fail "the demo does not name the report"
grep -qE "^(GO|NO-GO|HOLD) " "$log/demo-1" || fail "the demo prints no decision"

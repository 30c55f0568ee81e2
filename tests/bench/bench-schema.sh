#!/bin/sh
# make bench-schema: our validator beside Node's reader and ajv 8 in one run: from bytes to verdict, validating alone, and
# compiling. Prints a table and writes build/bench-schema.jsonl, one object for each figure: {"name", "value", "unit",
# "ratio", "against", "goal"}. ROUNDS (5) alternate; SECONDS (1) for each measurement; medians.
set -eu
root=$(pwd)
rate=$root/build/tests/bench/schema-rate
rounds=${ROUNDS:-5}
seconds=${SECONDS_EACH:-1}
shared=${UNDERSTUDY_SHARED:-$root/../shared}
schema=$shared/bench/order.schema.json
instance=$shared/bench/order.json
if [ ! -f "$schema" ]; then
	schema=$root/tests/bench/invoice.schema.json
	instance=$root/tests/bench/invoice.json
fi
results=$root/build/bench-schema.jsonl
node_folder=$root/build/bench-node
work=$(mktemp -d "${TMPDIR:-/tmp}/understudy-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
: >"$results"

# figure NAME VALUE UNIT RATIO AGAINST GOAL
figure() {
	printf '{"name":"%s","value":%s,"unit":"%s","ratio":%s,"against":"%s","goal":"%s"}\n' "$@" >>"$results"
	printf '%-28s %10s %-12s %7s of %-24s %s\n' "$@"
}
column() { awk -v c="$2" '{print $c}' "$work/$1" | sort -n | awk '{v[NR] = $1} END {print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
divide() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.3f", a / b}'; }

has_node=""
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
	echo "no node or no npm here: our figures alone"
elif [ -d "$node_folder/node_modules/ajv" ] ||
	npm install --silent --no-audit --no-fund --prefix "$node_folder" ajv@8 >"$work/npm.log" 2>&1; then
	has_node=yes
else
	echo "ajv could not be installed from npm: our figures alone"
fi

echo "bench-schema: $(wc -c <"$instance") bytes, $rounds rounds, $(nproc) processors, load $(cut -d' ' -f1-3 /proc/loadavg), medians"
for _ in $(seq "$rounds"); do
	"$rate" "$schema" "$instance" "$seconds" >>"$work/ours"
	[ -z "$has_node" ] ||
		node "$root/tests/bench/schema_rate.js" "$node_folder/node_modules/ajv/dist/2020" "$schema" "$instance" "$seconds" >>"$work/node"
done
if [ -z "$has_node" ]; then
	figure "bytes to verdict" "$(column ours 1)" instances/s 1 itself ""
	figure "reading" "$(column ours 2)" ns 1 itself ""
	figure "validating" "$(column ours 3)" ns 1 itself ""
	figure "compiling" "$(column ours 4)" ns "$(divide "$(column ours 4)" 1000000)" "1 ms" "<= 1"
else
	figure "bytes to verdict" "$(column ours 1)" instances/s "$(divide "$(column ours 1)" "$(column node 1)")" "Node with ajv" ">= 2"
	figure "reading" "$(column ours 2)" ns "$(divide "$(column ours 2)" "$(column node 2)")" "Buffer and JSON.parse" ""
	figure "validating" "$(column ours 3)" ns "$(divide "$(column ours 3)" "$(column node 3)")" "ajv, fresh objects" "<= 1"
	figure "compiling" "$(column ours 4)" ns "$(divide "$(column ours 4)" 1000000)" "1 ms" "<= 1"
fi
echo "written to $results"

#!/bin/sh
# tests/fuzz/fuzz.sh SECONDS FUZZER...: runs libFuzzer programs one after the other, SECONDS for all of them together. What
# they learn is kept in build/fuzz/corpus; an input that fails lands in build/fuzz/found. Once mended, it is copied to
# tests/fuzz/regression/NAME, where every `make unit` tries it again.
set -eu
seconds=$1
shift
each=$((seconds / $#))
[ $each -gt 0 ] || each=1
mkdir -p build/fuzz/found
failed=""
for program in "$@"; do
	name=${program##*/fuzz-}
	mkdir -p "build/fuzz/corpus/$name" "tests/fuzz/regression/$name"
	echo "fuzz $name: $each s"
	if ! "$program" -max_total_time=$each -timeout=20 -rss_limit_mb=4096 -max_len=8192 -print_final_stats=0 -verbosity=0 \
		-artifact_prefix="build/fuzz/found/$name-" "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name" \
		"tests/fuzz/regression/$name" >"build/fuzz/$name.log" 2>&1; then
		tail -n 40 "build/fuzz/$name.log"
		failed="$failed $name"
	fi
done
[ -z "$failed" ] || { echo "FAILED:$failed; inputs in build/fuzz/found" >&2; exit 1; }

#!/bin/sh
# make check: format, both compilers with warnings as errors, gcc -fanalyzer, cppcheck, the fuzzers for FUZZ_SECONDS (60),
# the tests under ASan and UBSan.
set -eu
jobs=$(nproc)
sources=$(git ls-files '*.c' '*.h')

echo "== format"
# shellcheck disable=SC2086
clang-format --dry-run -Werror $sources

echo "== clang, warnings as errors"
make --no-print-directory -s -j"$jobs" CC=clang BUILD=build/clang WERROR=1 all

echo "== gcc -fanalyzer"
make --no-print-directory -s -j"$jobs" BUILD=build/analyzer WERROR=1 CFLAGS=-fanalyzer all

echo "== cppcheck"
cppcheck --quiet --std=c11 --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
	--suppress=unusedStructMember --suppress=missingIncludeSystem -I. -DUNDERSTUDY_VERSION='"check"' \
	harness evaluators baselines reports

echo "== headers compile alone"
for header in $(git ls-files '*.h'); do
	gcc -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -I. -x c "$header"
done

echo "== fuzzers"
make --no-print-directory -s -j"$jobs" fuzz FUZZ_SECONDS="${FUZZ_SECONDS:-60}"

echo "== tests under ASan and UBSan"
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1
export CK_DEFAULT_TIMEOUT=300
make --no-print-directory -s -j"$jobs" BUILD=build/sanitizer SANITIZE=address,undefined WERROR=1 all unit

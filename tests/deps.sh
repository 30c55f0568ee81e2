#!/bin/sh
# Installs the Debian packages that a target needs and that are not there: tests/deps.sh build|demo|test|check|bench|real
# Says first what it installs. NO_INSTALL=1: says what is missing and fails instead. docs/dependencies.md has the reasons.
set -eu

build="gcc make libc6-dev libcurl4-openssl-dev libjansson-dev libsqlite3-dev libmicrohttpd-dev libyaml-dev
	libpcre2-dev libutf8proc-dev libzstd-dev zlib1g-dev libssl-dev"
demo="gnuplot-nox tzdata"
test="check libsubunit-dev curl haproxy jq nginx-light openssl python3 sqlite3"
check="clang libclang-rt-14-dev clang-format cppcheck git"
bench="jq nginx-light wrk"

case "${1:-}" in
build) wanted="$build" ;;
demo) wanted="$build $demo" ;;
test) wanted="$build $demo $test" ;;
check) wanted="$build $demo $test $check" ;;
bench) wanted="$build $bench" ;;
real) wanted="fasttext" ;; # for tests/real-paths.sh, where its material is there
*) echo "usage: tests/deps.sh build|demo|test|check|bench|real" >&2; exit 2 ;;
esac

missing=""
for package in $wanted; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ -n "${NO_INSTALL:-}" ]; then
	echo "missing Debian packages:$missing" >&2
	echo "install them with: apt-get install$missing" >&2
	exit 1
fi
echo "installing Debian packages:$missing"
as_root=""
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || { echo "run as root, or install sudo, or install the packages yourself" >&2; exit 1; }
	as_root="sudo"
fi
export DEBIAN_FRONTEND=noninteractive
install="apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends" # waits for another installation
# shellcheck disable=SC2086
$as_root $install $missing >/dev/null 2>&1 || {
	$as_root apt-get update -qq
	$as_root $install $missing >/dev/null
}

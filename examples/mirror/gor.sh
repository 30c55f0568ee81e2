#!/bin/sh
# GoReplay beside the legacy system: it reads the packets of port 9000 and sends a copy of each message to Understudy's
# mirror listener. Nothing stands in the way of the live exchange. Needs the right to capture packets (CAP_NET_RAW, or
# root), and sees nothing of TLS. Run by hand with GoReplay 1.3.2; no test of this project runs it.
# Read docs/tap.md, "GoReplay", first.
#
#   sh gor.sh [PORT OF THE LEGACY SYSTEM] [URL OF THE MIRROR LISTENER]
set -eu
port=${1:-9000}
mirror=${2:-http://127.0.0.1:8090}

# Without --http-original-host the copy's Host is that of the mirror listener. Queue, workers and timeout bound what a
# hanging Understudy costs. --http-allow-method leaves out what is no message.
exec "${GOR:-gor}" --input-raw ":$port" --output-http "$mirror" --http-original-host \
	--http-allow-method POST --http-allow-method PUT \
	--output-http-timeout 1s --output-http-workers 16 --output-http-queue-len 1000

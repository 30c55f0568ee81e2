#!/bin/sh
# Prints a C source that holds the bytes of a file: asset_NAME and asset_NAME_size (bytes, without the closing NUL).
set -eu
name=$(basename "$1" | tr -c 'A-Za-z0-9\n' '_')
printf '#include <stddef.h>\nextern const char asset_%s[];\nextern const size_t asset_%s_size;\n' "$name" "$name"
printf 'const char asset_%s[] = {\n' "$name"
od -An -v -t d1 "$1" | sed 's/\([-0-9][0-9]*\)/\1,/g'
printf '0};\nconst size_t asset_%s_size = sizeof(asset_%s) - 1;\n' "$name" "$name"

# Compiler flags, apart from the Makefile so that the list is easy to read. Sources: the OpenSSF hardening guide and
# docs/dependencies.md for the compilers.

COMPILER := $(if $(findstring clang,$(CC)),clang,gcc)

FLAGS_LANGUAGE := -std=c17 -D_GNU_SOURCE -O2 -ffp-contract=off -fno-common -fPIE
FLAGS_WARNING := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2 \
	-Wimplicit-fallthrough -Wswitch-enum -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wcast-qual \
	-Wpointer-arith -Wundef -Wvla -Walloca -Wnull-dereference -Wdouble-promotion
FLAGS_gcc := -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wformat-overflow=2 -Wold-style-definition
FLAGS_clang := -Wcomma -Wconditional-uninitialized -Wassign-enum -Wunreachable-code
FLAGS_HARDENING := -U_FORTIFY_SOURCE $(if $(SANITIZE),,-D_FORTIFY_SOURCE=3) -fstack-protector-strong \
	-fstack-clash-protection -fcf-protection=full
FLAGS_LINK := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed

# make SANITIZE=address,undefined ...
SANITIZER_FLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)

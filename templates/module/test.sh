#!/bin/sh
# SUMMARY: The module @NAME@ can be compiled and loaded
# LABELS:
# REPEAT:
#
# Needs neither docker nor linuxkit: kpatch compiles the module natively, and boots the kernel in qemu.

set -e

cd "$(dirname "$0")"
KPATCH="${KPATCH:-kpatch}"
KERNEL="${KERNEL:-@KERNEL@}"

OUTPUT="$(mktemp)"
trap 'rm -f "${OUTPUT}"' EXIT

"${KPATCH}" module build . --image "${KERNEL}"
"${KPATCH}" boot "${KERNEL}" --module ./@NAME@.ko 2> "${OUTPUT}"
grep "Hello from a module" "${OUTPUT}"

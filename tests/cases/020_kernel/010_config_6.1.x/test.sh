#!/bin/sh
# SUMMARY: The configuration of the booted 6.1.x kernel is the one that it should be
# LABELS:
# REPEAT:

set -e

. "${RT_PROJECT_ROOT}/_lib/lib.sh"

NAME=kconfig

clean_up() {
	rm -rf "${NAME}"-*
}
trap clean_up EXIT

linuxkit build --format kernel+initrd --name "${NAME}" test.yml
OUTPUT="$(linuxkitrun "${NAME}")"
printf '%s\n' "${OUTPUT}" | grep -q "suite PASSED"

#!/bin/sh
# SUMMARY: A module for the 6.1.x kernel can be built and loaded
# LABELS:
# REPEAT:

set -e

. "${RT_PROJECT_ROOT}/_lib/lib.sh"

NAME=kmod
PACKAGE=kmod-test

clean_up() {
	docker rmi "${PACKAGE}" || true
	rm -rf "${NAME}"-*
}
trap clean_up EXIT

# The image that the module is built against has to be the one that boots.
docker pull linuxkit/kernel:6.1.176
docker build -t "${PACKAGE}" .

linuxkit build --docker --format kernel+initrd --name "${NAME}" test.yml
OUTPUT="$(linuxkitrun "${NAME}")"
printf '%s\n' "${OUTPUT}" | grep -q "Hello from a module"

#!/bin/sh
# SUMMARY: Label, file and tag of the 6.1.x kernel image name one builder
# LABELS:
# REPEAT:

set -e

KERNEL=linuxkit/kernel:6.1.176
BUILDER=linuxkit/kernel:6.1.176-builder
LABEL=org.mobyproject.linuxkit.kernel.buildimage

clean_up() {
	if [ -n "${CONTAINER}" ]; then
		docker rm "${CONTAINER}" > /dev/null
	fi
	rm -f kernel-builder
}
trap clean_up EXIT

docker pull "${KERNEL}"
CONTAINER="$(docker create "${KERNEL}" /nothing)"
docker cp "${CONTAINER}:/kernel-builder" kernel-builder

FROM_LABEL="$(docker inspect --format "{{ index .Config.Labels \"${LABEL}\" }}" "${KERNEL}")"
FROM_FILE="$(cat kernel-builder)"

if [ "${FROM_LABEL}" != "${FROM_FILE}" ]; then
	echo "the label names '${FROM_LABEL}', the file /kernel-builder '${FROM_FILE}'"
	exit 1
fi

# Two names of one image have one id.
docker pull "${BUILDER}"
docker pull "${FROM_LABEL}"
ID_OF_TAG="$(docker inspect --format '{{ .Id }}' "${BUILDER}")"
ID_OF_LABEL="$(docker inspect --format '{{ .Id }}' "${FROM_LABEL}")"
if [ "${ID_OF_TAG}" != "${ID_OF_LABEL}" ]; then
	echo "${BUILDER} is ${ID_OF_TAG}, ${FROM_LABEL} is ${ID_OF_LABEL}"
	exit 1
fi

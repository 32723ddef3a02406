#!/bin/sh
# Unpacks the sources of a kernel, with or without a directory at their top.
#
#   unpack.sh TARBALL DIR [CONFIGS]    CONFIGS has files with the paths that they get in the sources
set -eu

mkdir /unpacked
tar -xf "$1" -C /unpacked
if [ -e /unpacked/Makefile ]; then
    mv /unpacked "$2"
else
    mv /unpacked/* "$2"
    rmdir /unpacked
fi
[ $# -lt 3 ] || cp -R "$3/." "$2/"

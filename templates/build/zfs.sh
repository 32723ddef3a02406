#!/bin/sh
# Compiles the modules of zfs against the makefiles of a kernel, and puts them beside the modules of that kernel.
#
#   zfs.sh DIR
#
# In the directory of this script: kernel.tar and kernel-dev.tar of the kernel's image, zfs.tar with the sources of zfs.
set -eu

out=$1
here=${0%/*}
die() {
    printf '::error %s\n' "$1"
    exit 1
}

tar -xf "$here/kernel-dev.tar" -C /
tar -xf "$here/kernel.tar" -C /
for headers in /usr/src/linux-headers-*; do :; done
release=$(cat "$headers/include/config/kernel.release")
cross=
[ "$(uname -m)" = "$UNAME_ARCH" ] || cross=$UNAME_ARCH-linux-gnu

mkdir /zfs
tar -xf "$here/zfs.tar" -C /zfs
[ -e /zfs/configure ] || [ -e /zfs/autogen.sh ] || { mv /zfs/* /zfs-top && rmdir /zfs && mv /zfs-top /zfs; }
cd /zfs
printf '::stage configuring zfs\n'
[ -e configure ] || sh autogen.sh
./configure --with-config=kernel --with-linux="$headers" --with-linux-obj="$headers" ${cross:+--host="$cross"} ||
    die "zfs cannot be configured for $release: $(grep '^configure: error' config.log | tail -n 1 | cut -d: -f3-)"
printf '::stage compiling zfs\n'
make -j"$JOBS" -C module ${cross:+CROSS_COMPILE="$cross-"}
make -C module INSTALL_MOD_PATH=/modules INSTALL_MOD_STRIP=1 modules_install
mkdir -p "$out/lib/modules/$release"
cp -R "/lib/modules/$release/." "$out/lib/modules/$release/"
cp -R "/modules/lib/modules/$release/." "$out/lib/modules/$release/"
depmod -b "$out" "$release"

#!/bin/sh
# Installs bcc and all that it needs into a directory of its own, and unpacks the kernel's headers there.
#
#   bcc.sh DIR
set -eu

dir=$1
mkdir -p "$dir"
if command -v apk >/dev/null; then
    mkdir -p "$dir/etc/apk"
    cp -R /etc/apk/. "$dir/etc/apk/"
    apk add --no-cache --initdb --root "$dir" busybox bcc-tools bcc-doc py3-bcc
elif command -v apt-get >/dev/null; then
    # A bootstrap of Debian's own, by the packages' own tools, would take the whole base system: only what bcc needs is unpacked.
    chmod 1777 /tmp
    apt-get update -qq
    mkdir /debs
    cd /debs
    apt-get install -y -qq --no-install-recommends --download-only -o Dir::Cache::archives=/debs bpfcc-tools busybox-static
    # What the builder has already is not downloaded, though bcc needs it as well.
    apt-get download -qq $(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances \
        bpfcc-tools | grep '^[a-z0-9]' | sort -u | while read -r package; do
        apt-cache show "$package" >/dev/null 2>&1 && echo "$package"
    done)
    for deb in *.deb; do
        dpkg-deb -x "$deb" "$dir"
    done
    cd /
    mkdir -p "$dir/bin"
    [ -e "$dir/bin/sh" ] || ln -s busybox "$dir/bin/sh"
    rm -rf "$dir/usr/share/doc" "$dir/usr/share/man" "$dir/usr/share/locale"
else
    echo '::error the builder image has neither apk nor apt-get to get bcc with' >&2
    exit 1
fi
tar -xf /kpatch/kernel-headers.tar -C "$dir"
tar -xf /kpatch/kernel-dev.tar -C "$dir"
find "$dir" -name __pycache__ -type d -prune -exec rm -rf {} +

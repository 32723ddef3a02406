#!/bin/sh
# What a kernel is compiled with: looks whether a builder image has it, and gets what it lacks with the image's own package manager.
#
#   toolchain.sh look DIR    writes into DIR: machine (as uname -m), system, installer (apk, apt-get or none), missing
#   toolchain.sh install     installs what is missing; does nothing if nothing is
#
# ARCH    the architecture to compile for, as the kernel's makefiles name it
# TOOLS   what is built besides the kernel, such as perf
set -eu

case $(uname -m) in
    x86_64 | i?86) native=x86_64 ;;
    aarch64) native=arm64 ;;
    riscv64) native=riscv ;;
    s390x) native=s390 ;;
    *) native= ;;
esac
case $ARCH in
    x86_64 | x86) wanted=x86_64 triplet=x86_64-linux-gnu package=x86-64-linux-gnu ;;
    arm64) wanted=arm64 triplet=aarch64-linux-gnu package=aarch64-linux-gnu ;;
    riscv) wanted=riscv triplet=riscv64-linux-gnu package=riscv64-linux-gnu ;;
    s390) wanted=s390 triplet=s390x-linux-gnu package=s390x-linux-gnu ;;
    *) echo "toolchain.sh: ARCH=$ARCH is not known" >&2; exit 2 ;;
esac

if command -v apk >/dev/null; then
    installer=apk
elif command -v apt-get >/dev/null; then
    installer=apt-get
else
    installer=none
fi

missing= packages=
# lacks WHAT DEBIAN-PACKAGE ALPINE-PACKAGE
lacks() {
    missing="$missing${missing:+ }$1"
    case $installer in
        apk) packages="$packages $3" ;;
        *) packages="$packages $2" ;;
    esac
}
program() { command -v "$1" >/dev/null || lacks "$@"; }
header() {
    for dir in /usr/include /usr/include/*-linux-gnu*; do
        [ ! -e "$dir/$1" ] || return 0
    done
    lacks "$@"
}

program gcc gcc build-base
program ld binutils build-base
program make make build-base
program flex flex flex
program bison bison bison
program bc bc bc
program perl perl-base perl
program cpio cpio cpio
program rsync rsync rsync
program tar tar tar
program xz xz-utils xz
program gzip gzip gzip
program depmod kmod kmod
program diff diffutils diffutils
program find findutils findutils
header stdio.h libc6-dev musl-dev
header linux/types.h linux-libc-dev linux-headers
header libelf.h libelf-dev elfutils-dev
header openssl/ssl.h libssl-dev openssl-dev
# Alpine has no compiler that makes Linux programs for another architecture.
[ "$native" = "$wanted" ] || program "$triplet-gcc" "gcc-$package" "gcc-$package"
case " ${TOOLS:-} " in
    *" kconfig "*)
        header curses.h libncurses-dev ncurses-dev
        program pkg-config pkg-config pkgconf
        ;;
    *" perf "*)
        program python3 python3-minimal python3
        header zlib.h zlib1g-dev zlib-dev
        header traceevent/event-parse.h libtraceevent-dev libtraceevent-dev
        ;;
esac

case $1 in
    look)
        mkdir -p "$2"
        uname -m >"$2/machine"
        ( . /etc/os-release && echo "${ID:-unknown}-${VERSION_ID:-unknown}" ) >"$2/system" 2>/dev/null || echo unknown >"$2/system"
        echo "$installer" >"$2/installer"
        echo "$missing" >"$2/missing"
        ;;
    install)
        [ -n "$missing" ] || exit 0
        echo "::stage getting $missing for the builder"
        case $installer in
            apk) apk add --no-cache $packages ;;
            apt-get)
                # Its helper is not root, and has to write there.
                chmod 1777 /tmp
                apt-get update -qq
                DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages
                rm -rf /var/lib/apt/lists/*
                ;;
            none) echo "the builder image has neither apk nor apt-get, and lacks $missing" >&2; exit 1 ;;
        esac
        ;;
esac

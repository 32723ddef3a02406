#!/bin/sh
# Runs kernel.sh in a container and brings home how it ended. An engine shows what a step says only up to a limit, and keeps no file of
# a step that failed: so this one never fails, and leaves /out/log and /out/status.
#
#   compile.sh OBJECT_DIR
set -u

# Below the least limit of BuildKit, 1 MiB for each step.
shown=700000

TREE=/linux OBJ=$1 OUT=/out CCACHE_DIR=/ccache CCACHE='' FRAGMENTS=''
for CONFIG in /kpatch/config/*; do :; done
for fragment in /kpatch/fragments/*; do
    [ ! -f "$fragment" ] || FRAGMENTS="$FRAGMENTS $fragment"
done
! command -v ccache >/dev/null || CCACHE=ccache
export TREE OBJ OUT CCACHE_DIR CCACHE FRAGMENTS CONFIG

mkdir -p "$OUT"
exec 3>/out.log
{
    sh /kpatch/kernel.sh 2>&1
    echo $? >/out.status
} | while IFS= read -r line; do
    printf '%s\n' "$line" >&3
    shown=$((shown - ${#line} - 1))
    case $line in
        ::*) printf '%s\n' "$line" ;;
        *) [ "$shown" -lt 0 ] || printf '%s\n' "$line" ;;
    esac
done
exec 3>&-

# Of a failure nothing is kept but its reason.
[ "$(cat /out.status)" = 0 ] || rm -rf "${OUT:?}"/*
mv /out.log "$OUT/log"
mv /out.status "$OUT/status"

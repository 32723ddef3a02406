#!/bin/sh
# Compiles one Linux kernel for one architecture and collects what goes into its image. Every producer runs this very script on
# the same patched sources, so that the same compiler gives the same bytes: on a machine, in a container, in any directory.
#
#   kernel.sh             compile; what to compile is in the environment, see below
#   kernel.sh identity    print who would compile, one line, and nothing else
#
# In the environment:
#   TREE               the patched sources, unpacked; neither blanks nor colons in its path, make cannot handle them
#   OBJ                the directory for objects, a name inside of TREE such as obj-amd64; what it holds already is not made again
#   OUT                the directory to fill, empty or not there: root/, trees/, tools/, release, compiler
#   ARCH               the architecture as the kernel's makefiles call it: x86_64, arm64, riscv, s390
#   UNAME_ARCH         the same as `uname -m` says it: x86_64, aarch64, riscv64, s390x
#   CONFIG             the file with the configuration
#   FRAGMENTS          files that are appended to it, in their order, separated by blanks; or nothing
#   LOCALVERSION       what follows the version in `uname -r`: -linuxkit
#   SOURCE_DATE_EPOCH  the moment that every timestamp gets, in seconds since 1970
# and where wanted:
#   CROSS_COMPILE      what the names of the compiler and its like begin with; looked for if the machine is another one
#   FINAL=1            configuring must not change the configuration
#   MINIMAL=1          what the configuration does not name is off, but for what the kernel's own tiny configurations say
#   DEBUG=1            a debug kernel: it does not panic on an oops, and its vmlinux is kept
#   SOURCE_ID          what names the sources; the seed of a randomized structure layout comes from it
#   JOBS               how many jobs run at a time; 1 if absent
#   TOOLS              tools that are built with the kernel: perf
#   CCACHE             the program to put before each call of a compiler: ccache
#
# Lines that begin with `::` are for programs: `::stage NAME`, `::note TEXT`, `::error TEXT`, `::hint TEXT`. Everything else is
# what make says; a line such as `  CC      init/main.o` is one step.
set -eu
umask 022

note() { printf '::note %s\n' "$1"; }
stage() { printf '::stage %s\n' "$1"; }
die() {
    printf '::error %s\n' "$1"
    [ $# -lt 2 ] || printf '::hint %s\n' "$2"
    exit 1
}

# depmod is where only root looks.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

# What the environment says goes into variables of the script. make takes variables from its environment, and some have a
# meaning there: LOCALVERSION would be appended a second time.
tree=${TREE:-} obj=${OBJ:-} out=${OUT:-} arch=${ARCH:-} machine=${UNAME_ARCH:-$(uname -m)} cross=${CROSS_COMPILE:-}
config=${CONFIG:-} fragments=${FRAGMENTS:-} local_version=${LOCALVERSION:-} epoch=${SOURCE_DATE_EPOCH:-} final=${FINAL:-}
debug=${DEBUG:-} minimal=${MINIMAL:-} source_id=${SOURCE_ID:-} jobs=${JOBS:-1} tools=${TOOLS:-} ccache=${CCACHE:-}
unset TREE OBJ OUT ARCH UNAME_ARCH CROSS_COMPILE CONFIG FRAGMENTS LOCALVERSION FINAL DEBUG MINIMAL SOURCE_ID JOBS TOOLS CCACHE
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES KBUILD_OUTPUT KBUILD_EXTMOD KCONFIG_CONFIG KCONFIG_ALLCONFIG SUBARCH || :
unset CC CXX LD AS CFLAGS CXXFLAGS CPPFLAGS LDFLAGS KCFLAGS KAFLAGS KCPPFLAGS HOSTCC HOSTCFLAGS HOSTLDFLAGS V W C || :
LC_ALL=C TZ=UTC
export LC_ALL TZ

# --- who compiles ----------------------------------------------------------------------------------------------------------

find_compiler() {
    [ -z "$cross" ] && [ "$(uname -m)" != "$machine" ] || return 0
    for cross in "$machine-linux-gnu-" "$machine-linux-musl-" "$machine-alpine-linux-musl-" "$machine-redhat-linux-" "$machine-linux-"; do
        if command -v "${cross}gcc" >/dev/null; then
            return 0
        fi
    done
    die "there is no compiler for $machine on this machine" "install a cross compiler: apt-get install gcc-$(printf %s "$machine" | tr _ -)-linux-gnu"
}

# One line such as debian-12/gcc-12.2.0-14+deb12u1/binutils-2.40; tools of a cross-compiled kernel run on the machine that made it.
identity() {
    system=linux
    if [ -r /etc/os-release ]; then
        system=$(. /etc/os-release && printf '%s' "${ID:-linux}${VERSION_ID:+-$VERSION_ID}")
    fi
    # The package's version, where the compiler says it in parentheses, else its own one.
    gcc=$("${cross}gcc" --version | sed -n '1s/.*(\([^()]* \)\{0,1\}\([0-9][^() ]*\)).*/\2/p')
    [ -n "$gcc" ] || gcc=$("${cross}gcc" -dumpfullversion)
    binutils=$("${cross}ld" --version | sed -n '1s/.* //p')
    foreign=
    [ "$(uname -m)" = "$machine" ] || foreign=/cross-$(uname -m)
    printf '%s/gcc-%s/binutils-%s%s\n' "$system" "$gcc" "$binutils" "$foreign"
}

find_compiler
command -v "${cross}gcc" >/dev/null || die "${cross}gcc is not installed"
command -v "${cross}ld" >/dev/null || die "${cross}ld is not installed"
if [ "${1:-}" = identity ]; then
    identity
    exit
fi

# --- what is compiled ------------------------------------------------------------------------------------------------------

[ -f "$tree/Kbuild" ] || die "there are no sources of a kernel in '$tree'"
tree=$(cd "$tree" && pwd -P)
case $tree in *[[:space:]:]*) die "the sources are in '$tree', and make cannot handle blanks and colons in a path" "name another directory for the build" ;; esac
case $obj in '' | */* | .*) die "'$obj' is no name for a directory of objects" ;; esac
case $epoch in '' | *[!0-9]*) die "SOURCE_DATE_EPOCH is '$epoch', which is no number of seconds" ;; esac
[ -f "$config" ] || die "there is no configuration '$config'"
[ -n "$out" ] || die "there is no directory to fill"
objects=$tree/$obj
mkdir -p "$objects" "$out"
out=$(cd "$out" && pwd -P)
[ -z "$(ls -A "$out")" ] || die "'$out' is not empty"
# Files of the script's own.
own=$objects/.kpatch
mkdir -p "$own"

case $arch in
x86_64 | x86) source_arch=x86 defconfig=x86_64_defconfig ;;
arm64 | riscv | s390) source_arch=$arch defconfig=defconfig ;;
*) die "'$arch' is no architecture that kernels are built for here" ;;
esac
[ -d "$tree/arch/$source_arch" ] || die "the kernel has no architecture '$arch'"
# A native make on x86_64 calls the architecture x86, and so does the head of the configuration then.
if [ "$source_arch" = x86 ]; then
    arch=x86_64
    if head -n 5 "$config" | grep -q '^# Linux/x86 '; then
        arch=x86
    fi
fi

# How the moment is written is what GNU date, GNU tar and busybox can all read: makefiles hand it to them.
KBUILD_BUILD_TIMESTAMP=$(date -u -d "@$epoch" '+%Y-%m-%d %H:%M:%S')
KBUILD_BUILD_USER=linuxkit KBUILD_BUILD_HOST=linuxkit KBUILD_BUILD_VERSION=1 KBUILD_VERBOSE=0
SOURCE_DATE_EPOCH=$epoch
export KBUILD_BUILD_TIMESTAMP KBUILD_BUILD_USER KBUILD_BUILD_HOST KBUILD_BUILD_VERSION KBUILD_VERBOSE SOURCE_DATE_EPOCH

# Objects lie inside of the sources, so that the compiler is given relative paths. What is absolute all the same, the
# directory that it works in, is replaced; of two maps the last one that fits counts.
place=/usr/src/linux
map="-fdebug-prefix-map=$tree=$place -fdebug-prefix-map=$objects=$place/obj"
assembler_map="-Wa,--debug-prefix-map=$tree=$place -Wa,--debug-prefix-map=$objects=$place/obj"
host_map="-ffile-prefix-map=$tree=$place -ffile-prefix-map=$objects=$place/obj"
rustc=RUSTC=false
if grep -q '^CONFIG_RUST=y' "$config"; then
    rustc="KRUSTFLAGS=--remap-path-prefix=$tree=$place"
fi

# The seed of a randomized structure layout: from /dev/urandom it would be another one each time.
seed=$own/seed.sh
cat >"$seed" <<END
#!/bin/sh
seed=\$(printf '%s' 'randstruct $source_id' | sha256sum | cut -d' ' -f1)
printf '%s\n' "\$seed" >"\$1"
printf '#define RANDSTRUCT_HASHED_SEED "%s"\n' "\$(printf '%s' "\$seed" | sha256sum | cut -d' ' -f1)" >"\$2"
END

kmake() {
    set -- -C "$tree" --no-print-directory "O=$obj" "ARCH=$arch" "CROSS_COMPILE=$cross" LOCALVERSION= "$rustc" "KCFLAGS=$map" \
        "KAFLAGS=$map $assembler_map" "HOSTCFLAGS=$host_map" "HOSTCXXFLAGS=$host_map" "gen-randstruct-seed=$seed" "$@"
    [ -z "$ccache" ] || set -- "CC=$ccache ${cross}gcc" "HOSTCC=$ccache gcc" "HOSTCXX=$ccache g++" "$@"
    make "$@" </dev/null
}

is_set() { grep -q "^CONFIG_$1=[ym]" "$objects/.config"; }

# --- configure -------------------------------------------------------------------------------------------------------------

# As LinuxKit does it: the configuration in the place of the default one of its architecture, then `make defconfig` and `make
# oldconfig`. The place is that in the directory of objects, where it is found first, so that the sources stay as they are.
stage configure
wanted=$objects/arch/$source_arch/configs/$defconfig
mkdir -p "${wanted%/*}"
{
    if [ -n "$minimal" ]; then
        for file in kernel/configs/tiny-base.config kernel/configs/tiny.config "arch/$source_arch/configs/tiny.config"; do
            [ ! -f "$tree/$file" ] || cat "$tree/$file"
        done
    fi
    cat "$config"
    # shellcheck disable=SC2086 # several files
    [ -z "$fragments" ] || cat $fragments
} >"$own/config"
set -- -e "s/^CONFIG_LOCALVERSION=.*/CONFIG_LOCALVERSION=\"$local_version\"/"
[ -z "$debug" ] || set -- "$@" -e 's/^CONFIG_PANIC_ON_OOPS=y/# CONFIG_PANIC_ON_OOPS is not set/'
sed "$@" "$own/config" >"$wanted"
grep -q '^CONFIG_LOCALVERSION=' "$wanted" || printf 'CONFIG_LOCALVERSION="%s"\n' "$local_version" >>"$wanted"
if [ -n "$minimal" ]; then
    kmake "KCONFIG_ALLCONFIG=$wanted" allnoconfig
else
    kmake defconfig
fi
kmake oldconfig

stage check
if [ -n "$final" ] && ! diff -u "$wanted" "$objects/.config" >"$own/config.diff"; then
    cat "$own/config.diff"
    changed=$(grep -c '^+[^+]' "$own/config.diff") || :
    removed=$(grep -c '^-[^-]' "$own/config.diff") || :
    name=${config##*/}
    old=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\(.*\)"$/\1/p' "$wanted")
    new=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\(.*\)"$/\1/p' "$objects/.config")
    if [ "$old" != "$new" ]; then
        die "the configuration $name is not final: it was made with another compiler, '${old:-none}' instead of '$new'" \
            "make it anew with this one: kpatch config refresh --toolchain host"
    fi
    die "the configuration $name is not final: configuring removes $removed lines and adds $changed" "bring it up to date: kpatch config refresh"
fi
if [ -n "$local_version" ] && ! grep -q "^CONFIG_LOCALVERSION=\"$local_version\"\$" "$objects/.config"; then
    die "the configuration does not take CONFIG_LOCALVERSION=\"$local_version\""
fi
if is_set RANDSTRUCT || is_set GCC_PLUGIN_RANDSTRUCT; then
    note "the seed of the randomized structure layout comes from the name of the sources: who has the image can compute it"
fi
if is_set MODULE_SIG && ! is_set MODULE_SIG_KEY && grep -q '^CONFIG_MODULE_SIG_KEY="certs/signing_key.pem"' "$objects/.config" && [ ! -f "$objects/certs/signing_key.pem" ]; then
    note "modules are signed with a key that is made for this build: another build gives other bytes"
fi
if is_set DEBUG_INFO_BTF; then
    note "the types for BPF are written by pahole, which may order them otherwise in another build"
fi

# --- compile ---------------------------------------------------------------------------------------------------------------

stage compile
# Kernels before 5.19 keep the seed in another file, and take one that is there.
if [ -f "$tree/scripts/gcc-plugins/gen-random-seed.sh" ] && is_set GCC_PLUGIN_RANDSTRUCT; then
    mkdir -p "$objects/scripts/gcc-plugins" "$objects/include/generated"
    sh "$seed" "$own/seed" "$own/seed.h"
    printf 'const char *randstruct_seed = "%s";\n' "$(cat "$own/seed")" >"$own/seed.c"
    cmp -s "$own/seed.c" "$objects/scripts/gcc-plugins/randomize_layout_seed.h" || cp "$own/seed.c" "$objects/scripts/gcc-plugins/randomize_layout_seed.h"
    cmp -s "$own/seed.h" "$objects/include/generated/randomize_layout_hash.h" || cp "$own/seed.h" "$objects/include/generated/randomize_layout_hash.h"
fi
kmake "-j$jobs" all
release=$(cat "$objects/include/config/kernel.release")

# --- collect ---------------------------------------------------------------------------------------------------------------

stage install
root=$out/root
mkdir -p "$root" "$out/trees/modules/lib/modules/$release" "$out/trees/headers/usr" "$out/trees/dev"
kernel=
for name in bzImage Image.gz vmlinuz.efi; do
    if [ -z "$kernel" ] && [ -f "$objects/arch/$source_arch/boot/$name" ]; then
        kernel=$objects/arch/$source_arch/boot/$name
    fi
done
[ -n "$kernel" ] || die "nothing that boots was built: no bzImage, Image.gz or vmlinuz.efi in arch/$source_arch/boot"
cp "$kernel" "$root/kernel"
cp "$objects/System.map" "$root/System.map"
cp "$objects/.config" "$root/kernel_config"
[ -z "$debug" ] || cp "$objects/vmlinux" "$root/vmlinux"
headers=usr/src/linux-headers-$release
if is_set MODULES; then
    kmake "-j$jobs" "INSTALL_MOD_PATH=$out/trees/modules" modules_install
    modules=$out/trees/modules/lib/modules/$release
    rm -f "$modules/build" "$modules/source"
    ln -s "/$headers" "$modules/build"
    [ -f "$modules/modules.dep" ] || die "depmod has not written modules.dep" "install it: apt-get install kmod"
fi
case $source_arch in
arm64 | riscv)
    if is_set OF; then
        kmake "INSTALL_DTBS_PATH=$out/trees/modules/boot/dtb" dtbs_install
    fi
    ;;
esac

# Copies the files of a list, with their directories, from one directory into another, one directory at a time. No tar: not every
# one takes a list.
copy() {
    sed -n 's,/[^/]*$,,p' "$3" | sort -u >"$own/copy.dirs"
    (cd "$2" && xargs mkdir -p <"$own/copy.dirs")
    # By directory, and nothing twice.
    sed -e 's,^[^/]*$,./&,' -e 's,^\(.*\)/\([^/]*\)$,\1 \2,' "$3" | sort -u >"$own/copy.list"
    copied=
    files=
    while read -r directory name; do
        if [ "$directory" != "$copied" ]; then
            copy_some "$1" "$2"
            copied=$directory
            files=
        fi
        files="$files $copied/$name"
    done <"$own/copy.list"
    copy_some "$1" "$2"
}
copy_some() {
    # shellcheck disable=SC2086 # several files; no name in a kernel has a blank
    [ -z "$files" ] || (cd "$1" && cp -P $files "$2/$copied/")
}

stage headers
kmake "-j$jobs" headers
(cd "$objects/usr" && find include -type f -name '*.h') >"$own/headers.list"
copy "$objects/usr" "$out/trees/headers/usr" "$own/headers.list"

# What modules are compiled against. From the sources: makefiles, Kconfig files, scripts and the headers of this architecture.
stage dev
dev=$out/trees/dev/$headers
mkdir -p "$dev"
(
    cd "$tree"
    printf '%s\n' Makefile Kbuild Kconfig
    find . \( -path './obj-*' -o -path ./arch -o -path ./scripts -o -path ./include \) -prune -o \
        -type f -name 'Kconfig*' ! -path ./Kconfig -print
    find . \( -path './obj-*' -o -path ./arch -o -path ./scripts -o -path ./include -o -path ./Documentation -o -path ./samples -o -path ./tools \) -prune -o \
        -type f \( -name 'Makefile*' -o -name 'Kbuild*' \) ! -path ./Makefile ! -path ./Kbuild -print
    find arch/Kconfig "arch/$source_arch" -path "arch/$source_arch/include" -prune -o \
        -type f \( -name 'Makefile*' -o -name 'Kconfig*' -o -name 'Kbuild*' -o -name '*.sh' -o -name '*.pl' \) -print
    find include scripts "arch/$source_arch/include" \( -path scripts/dtc/include-prefixes -o -path scripts/kconfig/tests \) -prune -o \
        \( -type f -o -type l \) ! -name '.*' -print
) | sed 's,^\./,,' >"$own/dev.list"
copy "$tree" "$dev" "$own/dev.list"
# From the objects: what was generated and the programs that run while modules are compiled. Not the makefile, which leads back
# to the sources, nor what only make needs to know what is up to date.
(
    cd "$objects"
    printf '%s\n' .config Module.symvers
    find include scripts "arch/$source_arch/include" \( -path include/config -o -path scripts/kconfig \) -prune -o \
        \( -type f -o -type l \) ! -name '.*' ! -name '*.o' ! -name '*.a' ! -name '*.d' -print
    for file in include/config/auto.conf include/config/kernel.release tools/objtool/objtool tools/bpf/resolve_btfids/resolve_btfids \
        arch/s390/lib/expoline/expoline.o arch/s390/lib/expoline.o; do
        [ ! -f "$file" ] || printf '%s\n' "$file"
    done
) >"$own/dev.list"
[ -f "$objects/Module.symvers" ] || : >"$objects/Module.symvers"
copy "$objects" "$dev" "$own/dev.list"
# Those programs carry the names of directories in what is only for a debugger.
find "$dev/scripts" "$dev/tools" -type f \( -perm -100 -o -name '*.so' \) 2>/dev/null | while read -r file; do
    if head -c 4 "$file" | grep -q ELF; then
        strip -R .note.gnu.build-id "$file"
    fi
done

# --- tools -----------------------------------------------------------------------------------------------------------------

for tool in $tools; do
    case $tool in
    perf)
        stage perf
        mkdir -p "$objects/tools/perf" "$out/tools/perf/usr/bin"
        # In the environment are variables that makefiles add to. perf remembers where it was compiled, for its help and a test of itself;
        # its outer makefile would not hand that on.
        env "O=$objects/tools/perf" "ARCH=$arch" "CROSS_COMPILE=$cross" prefix=/usr LDFLAGS=-static "EXTRA_CFLAGS=$host_map" \
            NO_LIBPYTHON=1 NO_LIBPERL=1 NO_JVMTI=1 WERROR=0 make -C "$tree/tools/perf" -f Makefile.perf --no-print-directory "-j$jobs" \
            "srcdir_SQ=$place/tools/perf" 'CFLAGS_python-use.o=-DPYTHONPATH="BUILD_STR(python)" -DPYTHON="BUILD_STR(python3)"' \
            "O=$objects/tools/perf" "$objects/tools/perf/perf" </dev/null
        cp "$objects/tools/perf/perf" "$out/tools/perf/usr/bin/perf"
        "${cross}strip" -R .note.gnu.build-id "$out/tools/perf/usr/bin/perf"
        ;;
    *) die "'$tool' is no tool that is built with a kernel here" ;;
    esac
done

printf '%s\n' "$release" >"$out/release"
identity >"$out/compiler"

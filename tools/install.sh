#!/usr/bin/env bash
# Makes .venv with everything that this checkout needs, at pinned versions.
#
#   tools/install.sh            what `make install` runs; a second run goes on
#                               where the first stopped, or ends at once
#
# Environment:
#   PYTHON          the Python 3.10 to 3.13 to use; the first one found
#   TORCH           cpu or cuda, the build of torch for a new .venv on Linux;
#                   by default cuda where there is an NVIDIA GPU, or no way to
#                   the CPU builds
#   MMCV_OPS=1      mmcv with its compiled operators, for detectors that need
#                   them: a ready wheel, or a build of about 12 minutes
#   PIP_FIND_LINKS  folders or pages with ready wheels, as pip reads it
#   MAX_JOBS        compilers at a time while mmcv is built; all cores
#   VENV            the environment to make instead of .venv
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

root=$PWD
cache=$root/.cache
venv=${VENV:-.venv}
[[ $venv == /* ]] || venv=$root/$venv
py=$venv/bin/python
stamp=$venv/.installed
log=$cache/install.log
cpu_builds=https://download.pytorch.org/whl/cpu
began=$SECONDS

say() { printf '%s\n' "[install] $*"; }
die() { printf '%s\n' "[install] error: $*" >&2; exit 1; }
# Seconds since $1 as 12m05s.
took() { printf '%dm%02ds' $(((SECONDS - $1) / 60)) $(((SECONDS - $1) % 60)); }

fits='import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))'
find_python() {
    local name
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.10}
    do
        if "$name" -c "$fits" >/dev/null 2>&1; then
            printf '%s' "$name"
            return
        fi
    done
    die "Python 3.10 to 3.13 is needed (mmengine 0.10.7 does not run on 3.14)," \
        "and '${PYTHON:-python3}' is" \
        "$("${PYTHON:-python3}" -V 2>/dev/null || echo 'not there');" \
        "install one and name it: make install PYTHON=/path/to/python3.12"
}

make_venv() {
    if [ -x "$py" ] && "$py" -m pip --version >/dev/null 2>&1; then
        "$py" -c "$fits" ||
            die "$venv is of another Python ($("$py" -V 2>&1)); remove it" \
                "(make clean-venv) and run make install again"
        return
    fi
    [ ! -e "$venv" ] || [ -f "$venv/pyvenv.cfg" ] || rmdir "$venv" 2>>"$log" ||
        die "$venv is no environment of Python; move it away"
    "$1" -m venv --clear "$venv" 2>"$log" || {
        rm -rf "$venv"
        die "'$1 -m venv' failed: either the disk is full, or this Python" \
            "lacks its venv module (Debian, Ubuntu: apt-get install" \
            "python3-venv); log: $log"
    }
}

# What .venv is made from: any change of it asks for a new installation.
fingerprint() {
    "$py" - "$root" <<'PY'
import glob, hashlib, platform, sys
root = sys.argv[1]
digest = hashlib.sha256(f'{root} {platform.python_version()}'.encode())
files = sorted(glob.glob(f'{root}/requirements/*.txt')
               + glob.glob(f'{root}/stand_ins/*/*.toml')
               + glob.glob(f'{root}/stand_ins/*/*/*.py'))
for name in [*files, f'{root}/setup.py', f'{root}/tools/install.sh']:
    with open(name, 'rb') as file:
        digest.update(file.read())
print(digest.hexdigest())
PY
}

try_pip() {
    # Progress bars for a person; the log has what pip has to say.
    # By the environment: uninstall has no such option.
    local quiet=-q bar=on
    if [ ! -t 1 ]; then quiet=-qq bar=off; fi
    PIP_PROGRESS_BAR=$bar "$py" -m pip --disable-pip-version-check \
        --log "$log" "$@" "$quiet" 2>>"$log"
}

pip() {
    try_pip "$@" ||
        die "pip $1 failed: $(why); set that right and run make install" \
            "again, which goes on from here (log: $log)"
}

# Why the last command failed, in one line.
why() {
    if grep -q 'No space left on device' "$log"; then
        echo "no space left on the disk of $venv"
    elif grep -qE 'Retrying .*(NewConnection|NameResolution|ConnectTimeout|ReadTimeout|Protocol|Proxy)' \
            "$log"; then
        echo 'the package index cannot be reached'
    else
        grep -iE '(error|no module|no such)' "$log" | tail -n 1 | cut -c1-300
    fi
}

# torch's CUDA builds are 3 GB to download, the CPU builds 0.2.
install_torch() {
    local build=${TORCH:-} reason='as TORCH says' options=()
    if [ "$(uname -s)" != Linux ]; then
        build=default reason='the only one'
    elif [ -z "$build" ] && nvidia-smi -L 2>/dev/null | grep -q GPU; then
        build=cuda reason='an NVIDIA GPU is here'
    elif [ -z "$build" ] && "$py" -c "
import urllib.request as request
request.urlopen('$cpu_builds/torch/', timeout=5)" 2>/dev/null; then
        build=cpu reason='no NVIDIA GPU is here'
    elif [ -z "$build" ]; then
        build=cuda reason="no NVIDIA GPU, but $cpu_builds cannot be reached"
    fi
    case $build in
    cpu) options=(--extra-index-url "$cpu_builds") ;;
    cuda | default) ;;
    *) die "TORCH=$build: expected cpu or cuda" ;;
    esac
    say "2/5 torch, its $build build ($reason); the other one: make" \
        "clean-venv, then TORCH=cpu or TORCH=cuda make install"
    pip install -r requirements/torch.txt "${options[@]}"
}

install_packages() {
    local files=(-r requirements/torch.txt -r requirements/runtime.txt
        -r requirements/tests.txt -r requirements/video.txt
        -r requirements/web.txt -r requirements/deploy.txt)
    # uv takes seconds where pip takes a minute.
    command -v uv >/dev/null &&
        uv pip install --quiet --python "$py" "${files[@]}" 2>>"$log" ||
        pip install "${files[@]}"
}

# Is mmcv here with compiled operators, and do they run on this torch?
compiled_mmcv_works() {
    "$py" - "${mmcv#mmcv==}" 2>>"$log" <<'PY'
import sys
import torch
import mmcv
from mmcv import _ext
from mmcv.ops import nms
assert mmcv.__version__ == sys.argv[1], mmcv.__version__
assert not _ext.__file__.endswith('.py'), 'the stand-in'
nms(torch.tensor([[0., 0., 2., 2.]]), torch.tensor([1.]), 0.5)
PY
}

# Pass the compiler's output on, and tell the person once a minute how far.
watch_build() {
    local line start=$SECONDS told=$SECONDS
    while IFS= read -r line; do
        printf '%s\n' "$line"
        if [[ $line =~ \[([0-9]+)/([0-9]+)\] ]] &&
                ((SECONDS - told >= 60)); then
            say "  $(took "$start"): file ${BASH_REMATCH[1]} of" \
                "${BASH_REMATCH[2]}" >&2
            told=$SECONDS
        fi
    done
}

# Compile $mmcv with its operators into the folder $1.
build_mmcv() {
    local cxx=${CXX:-c++} source=$cache/mmcv_source header start=$SECONDS
    local build_log=$cache/mmcv_build.log
    command -v "$cxx" >/dev/null ||
        die "no ready wheel of $mmcv fits this torch, and there is no C++" \
            "compiler '$cxx' to build one; install it (Debian, Ubuntu:" \
            "apt-get install g++) and run make install again"
    header=$("$py" -c 'import sysconfig as s; print(s.get_path("include"))')
    [ -f "$header/Python.h" ] ||
        die "no ready wheel of $mmcv fits this torch, and to build one" \
            "Python's headers are missing ($header/Python.h); install them" \
            "(Debian, Ubuntu: apt-get install python3-dev), then make install"
    export MAX_JOBS=${MAX_JOBS:-$(getconf _NPROCESSORS_ONLN)}
    # The CPU operators alone: SPIGA uses none of the CUDA ones, and mmcv's
    # setup.py would ask for nvcc as soon as it sees a GPU.
    export MMCV_WITH_OPS=1 FORCE_CUDA=0 CUDA_VISIBLE_DEVICES=
    # Debug symbols would make a wheel of 2 MB one of 100 MB.
    export CFLAGS="${CFLAGS:-} -g0"

    pip install -r requirements/build.txt
    rm -rf "$source" && mkdir -p "$source" "$1"
    pip download --no-deps --no-binary mmcv --no-build-isolation \
        --use-pep517 -d "$source" "$mmcv"
    tar -xzf "$source"/mmcv-*.tar.gz -C "$source" --strip-components 1
    # mmcv insists on C++17, and the headers of torch 2.14 need C++20. Unless
    # told, torch's build extension takes the standard its own headers need.
    sed -i.bak "s/'-std=c++17'//" "$source/setup.py"

    say "building $mmcv with its operators: about 12 minutes on 2 cores" \
        "($MAX_JOBS at a time, log in ${build_log#"$root"/})"
    if ! "$py" -m pip wheel --verbose --no-deps --no-build-isolation \
        --use-pep517 -w "$1" "$source" 2>&1 | watch_build >"$build_log"; then
        tail -n 30 "$build_log" >&2
        die "mmcv did not build; the whole log is in $build_log"
    fi
    rm -rf "$source"
    say "built $mmcv in $(took "$start"); the wheel stays in ${1#"$root"/}"
}

# A compiled mmcv that works stays; else as MMCV_OPS says.
install_mmcv() {
    local torch wheels ready
    if compiled_mmcv_works; then
        say "    $mmcv with its compiled operators is here and stays"
        return
    fi
    # Both bring the folder mmcv: what one leaves the other would mix with.
    pip uninstall -y mmcv mmcv-lite spiga-mmpose-mmcv-ext
    if [ "${MMCV_OPS:-0}" != 1 ]; then
        pip install --no-deps "${mmcv/mmcv/mmcv-lite}"
        pip install --no-deps --no-build-isolation ./stand_ins/mmcv_ext
        return
    fi
    torch=$("$py" -c 'import torch; print(torch.__version__)')
    # A build belongs to one torch.
    wheels=$cache/wheels/torch-$torch
    mkdir -p "$wheels"
    ready=(install --no-deps --force-reinstall --only-binary mmcv "$mmcv")
    if try_pip "${ready[@]}" --find-links "$wheels" && compiled_mmcv_works
    then
        say "    took a ready wheel of $mmcv"
        return
    fi
    build_mmcv "$wheels"
    pip "${ready[@]}" --no-index --find-links "$wheels"
    compiled_mmcv_works || die "the $mmcv just built does not work: $(why)"
}

install_stack() {
    grep -v '^mmcv' requirements/mminstall.txt >"$cache/mminstall.txt"
    pip install --no-deps -r "$cache/mminstall.txt" \
        -r requirements/reference.txt
    pip install --no-deps --no-build-isolation ./stand_ins/xtcocotools
    install_mmcv
}

has_compiled_mmcv() {
    compgen -G "$venv/lib/python3.*/site-packages/mmcv/_ext.*.so" >/dev/null
}
if [ -x "$py" ] && [ -f "$stamp" ] &&
        [ "$(cat "$stamp")" = "$(fingerprint)" ] &&
        { [ "${MMCV_OPS:-0}" != 1 ] || has_compiled_mmcv; }; then
    exit 0
fi

python=$(find_python)
mmcv=mmcv==$(sed -n 's/^mmcv-lite==//p' requirements/mminstall.txt)
rm -f "$stamp"
mkdir -p "$cache"
: >"$log"

start=$SECONDS
say "1/5 ${venv#"$root"/}"
make_venv "$python"
say "    $("$py" -V) in $(took "$start")"

start=$SECONDS
install_torch
say "    $(took "$start")"

start=$SECONDS
say "3/5 the other packages"
install_packages
say "    $(took "$start")"

start=$SECONDS
say "4/5 the OpenMMLab stack, and the authors' package for the tests"
install_stack
say "    $(took "$start")"

say "5/5 spiga_mmpose itself, from this folder"
pip install --no-deps --no-build-isolation --use-pep517 -e .
"$py" -c 'import spiga_mmpose' 2>>"$log" ||
    die "spiga_mmpose cannot be imported: $(why); a new start: make" \
        "clean-venv, then make install"
fingerprint >"$stamp"
say "all of it took $(took "$began"); to use it: . ${venv#"$root"/}/bin/activate"

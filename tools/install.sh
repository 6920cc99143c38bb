#!/usr/bin/env bash
# Makes .venv with everything that this checkout needs, at pinned versions.
#
#   tools/install.sh            what `make install` runs; a second run that
#                               finds nothing changed ends at once
#
# Environment:
#   PYTHON          the Python 3.10 or 3.11 to use; the first one found
#   PIP_FIND_LINKS  folders or pages with ready wheels, as pip reads it
#   MAX_JOBS        compilers at a time while mmcv is built; all cores
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

root=$PWD
venv=$root/.venv
py=$venv/bin/python
stamp=$venv/.installed
cache=$root/.cache
log=$cache/mmcv_build.log
began=$SECONDS

say() { printf '%s\n' "[install] $*"; }
die() { printf '%s\n' "[install] error: $*" >&2; exit 1; }
# Seconds since $1 as 12m05s.
took() { printf '%dm%02ds' $(((SECONDS - $1) / 60)) $(((SECONDS - $1) % 60)); }

fits='import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 11))'
find_python() {
    local name
    for name in ${PYTHON:-python3 python3.11 python3.10}; do
        if "$name" -c "$fits" >/dev/null 2>&1; then
            printf '%s' "$name"
            return
        fi
    done
    die "Python 3.10 or 3.11 is needed (xtcocotools has no wheels for later" \
        "ones), and '${PYTHON:-python3}' is" \
        "$("${PYTHON:-python3}" -V 2>/dev/null || echo 'not there');" \
        "install one and name it: make install PYTHON=/path/to/python3.11"
}

# What .venv is made from: any change of it asks for a new installation.
fingerprint() {
    "$py" - "$root" <<'PY'
import glob, hashlib, platform, sys
root = sys.argv[1]
digest = hashlib.sha256(f'{root} {platform.python_version()}'.encode())
files = sorted(glob.glob(f'{root}/requirements/*.txt'))
for name in [*files, f'{root}/setup.py', f'{root}/tools/install.sh']:
    with open(name, 'rb') as file:
        digest.update(file.read())
print(digest.hexdigest())
PY
}

pip() {
    # Progress bars for a person; for a log, errors alone.
    local quiet=-qq
    if [ -t 1 ]; then quiet=; fi
    # shellcheck disable=SC2086
    "$py" -m pip --disable-pip-version-check "$@" $quiet
}

# Is $mmcv here, and do its operators run on this torch?
mmcv_works() {
    "$py" - "${mmcv#mmcv==}" <<'PY'
import sys
import torch
import mmcv
from mmcv.ops import nms
assert mmcv.__version__ == sys.argv[1], mmcv.__version__
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
        "($MAX_JOBS at a time, log in ${log#"$root"/})"
    if ! "$py" -m pip wheel --verbose --no-deps --no-build-isolation \
        --use-pep517 -w "$1" "$source" 2>&1 | watch_build >"$log"; then
        tail -n 30 "$log" >&2
        die "mmcv did not build; the whole log is in $log"
    fi
    rm -rf "$source"
    say "built $mmcv in $(took "$start"); the wheel stays in ${1#"$root"/}"
}

install_mmcv() {
    mmcv=$(grep '^mmcv==' requirements/mminstall.txt)
    local torch wheels ready
    torch=$("$py" -c 'import torch; print(torch.__version__)')
    # A build belongs to one torch.
    wheels=$cache/wheels/torch-$torch
    mkdir -p "$wheels"
    ready=(install --no-deps --force-reinstall --only-binary mmcv "$mmcv")
    if mmcv_works 2>/dev/null; then
        return
    fi
    if pip "${ready[@]}" --find-links "$wheels" 2>/dev/null &&
            mmcv_works 2>/dev/null; then
        say "took a ready wheel of $mmcv"
        return
    fi
    build_mmcv "$wheels"
    pip "${ready[@]}" --no-index --find-links "$wheels"
    mmcv_works || die "the $mmcv just built does not work"
}

if [ -x "$py" ] && [ -f "$stamp" ] &&
        [ "$(cat "$stamp")" = "$(fingerprint)" ]; then
    exit 0
fi

python=$(find_python)
if [ -x "$py" ]; then
    "$py" -c "$fits" ||
        die "$venv is of another Python ($("$py" -V 2>&1)); remove it" \
            "(make clean-venv) and run make install again"
    rm -f "$stamp"
else
    say "1/4 making .venv with $("$python" -V) ($python)"
    "$python" -m venv "$venv" || {
        rm -rf "$venv"
        die "'$python -m venv' failed: this Python lacks its venv module" \
            "(Debian, Ubuntu: apt-get install python3-venv)"
    }
fi
mkdir -p "$cache"

start=$SECONDS
say "2/4 torch and the other pinned packages: some 3 GB to download where" \
    "torch comes with CUDA, a few minutes"
pip install -r requirements/torch.txt -r requirements/runtime.txt \
    -r requirements/tests.txt -r requirements/video.txt \
    -r requirements/web.txt -r requirements/deploy.txt
say "    done in $(took "$start")"

start=$SECONDS
say "3/4 the OpenMMLab stack and the authors' package (for the tests)"
grep -v '^mmcv==' requirements/mminstall.txt >"$cache/mminstall.txt"
pip install --no-deps -r "$cache/mminstall.txt" -r requirements/reference.txt
install_mmcv
say "    done in $(took "$start")"

say "4/4 spiga_mmpose itself, from this folder"
pip install --no-deps --no-build-isolation --use-pep517 -e .
"$py" -c 'import spiga_mmpose'
fingerprint >"$stamp"
say "all of it took $(took "$began"); to use it: . .venv/bin/activate"

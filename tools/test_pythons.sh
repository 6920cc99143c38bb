#!/usr/bin/env bash
# Tests every Python that is supported and here: an environment made by
# tools/install.sh, the fast tests, and the landmarks of one photograph, which
# must be those that .venv gives. Writes the rows of README's table.
#
#   tools/test_pythons.sh       what `make test-pythons` runs, after .venv is
#                               made; environments stay in .cache/pythons
#
# Environment:
#   PYTHONS   versions, by default "3.10 3.12 3.13"
#   WORKERS   processes of the test suite
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p .cache/pythons

# pythonX.Y of the PATH, or the newest that pyenv has.
find_python() {
    local name
    for name in "python$1" $(compgen -G ~/.pyenv/versions/"$1.*"/bin/python |
            sort -rV); do
        if "$name" -c '' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
}

landmarks() {
    "$1" -W ignore - 2>>.cache/pythons/log <<'PY'
from matplotlib import cbook
from spiga_mmpose.apis import SPIGAInferencer
photo = str(cbook.get_sample_data('grace_hopper.jpg', asfileobj=False))
result, = SPIGAInferencer(det_model='haar', device='cpu')(photo)
for face in result['predictions'][0]:
    print(*(f'{x:.3f}' for point in face['keypoints'] for x in point))
    print(*(f'{x:.3f}' for x in face['head_pose']))
PY
}

failed=0
expected=$(landmarks .venv/bin/python)
[ -n "$expected" ] || {
    echo '[pythons] error: .venv finds no face; make install first' >&2
    exit 1
}
for version in ${PYTHONS:-3.10 3.12 3.13}; do
    python=$(find_python "$version")
    if [ -z "$python" ]; then
        echo "[pythons] $version: not on this machine"
        continue
    fi
    venv=.cache/pythons/$version
    PYTHON=$python VENV=$venv tools/install.sh || { failed=1; continue; }
    same='the same landmarks'
    [ "$(landmarks "$venv/bin/python")" = "$expected" ] ||
        { same='other landmarks'; failed=1; }
    OMP_NUM_THREADS=1 "$venv/bin/python" -m pytest -q -m 'not slow' \
        -p no:cacheprovider -n "${WORKERS:-2}" >"$venv/suite.log" 2>&1 ||
        failed=1
    numpy=$("$venv/bin/python" -c 'import numpy; print(numpy.__version__)')
    echo "| $version | $numpy | $(tail -n 1 "$venv/suite.log" |
        tr -d '=') | $same |"
done
exit "$failed"

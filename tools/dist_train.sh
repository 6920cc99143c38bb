#!/usr/bin/env bash
# Train on several GPUs of this machine (or, with NNODES, of several).
#
#   tools/dist_train.sh CONFIG GPUS [arguments of tools/train.py]
#
# Environment: NNODES, NODE_RANK, MASTER_ADDR, PORT as in MMPose's script.
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "usage: $0 CONFIG GPUS [arguments of tools/train.py]" >&2
    exit 2
fi
config=$1
gpus=$2
shift 2

python -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --nproc_per_node="$gpus" \
    --master_port="${PORT:-29500}" \
    "$(dirname "$0")/train.py" "$config" --launcher pytorch "$@"

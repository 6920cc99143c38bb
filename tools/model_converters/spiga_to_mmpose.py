"""Turn a released SPIGA state dict into a checkpoint of this project.

    python tools/model_converters/spiga_to_mmpose.py spiga_wflw.pt wflw.pth
    python tools/model_converters/spiga_to_mmpose.py spiga_300wprivate.pt \
        300w.pth

The result loads strictly into ``configs/spiga_wflw.py`` (98 landmarks) or
``configs/spiga_300w.py`` (68).
"""
import sys

import tools_path  # noqa: F401
from command_line import OneLineParser, run_tool

from spiga_mmpose.engine.release_weights import convert_file


def main(argv=None):
    parser = OneLineParser('spiga_to_mmpose.py', __doc__)
    add = parser.add_argument
    add('src', help='released state dict (.pt)')
    add('dst', help='checkpoint to write (.pth)')

    def write(args):
        convert_file(args.src, args.dst)
        return f'wrote {args.dst}'

    return run_tool('spiga_to_mmpose.py', write, parser.parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())

"""Turn a released SPIGA state dict into a checkpoint of this project.

    python tools/model_converters/spiga_to_mmpose.py spiga_wflw.pt wflw.pth
    python tools/model_converters/spiga_to_mmpose.py spiga_300wprivate.pt \
        300w.pth --landmarks 68

The result loads strictly into ``configs/spiga_wflw.py`` (98 landmarks) or
``configs/spiga_300w.py`` (68).
"""
import argparse
import sys

from spiga_mmpose.engine.release_weights import convert_file


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('src', help='released state dict (.pt)')
    parser.add_argument('dst', help='checkpoint to write (.pth)')
    parser.add_argument(
        '--landmarks',
        type=int,
        choices=[98, 68],
        help='number of landmarks; by default as found in the file')
    args = parser.parse_args()
    try:
        convert_file(args.src, args.dst, args.landmarks)
    except (ValueError, OSError) as error:
        sys.exit(f'error: {error}')
    print(f'wrote {args.dst}')


if __name__ == '__main__':
    main()

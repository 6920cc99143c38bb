"""What the command lines of all tools share.

Exit codes: 0 done; 1 some of it failed and the rest is done; 2 it cannot be
done; 130 interrupted. ``tools/train.py`` and ``tools/test.py`` end as
MMPose's do: :mod:`spiga_mmpose.engine.command_line`.
"""
import argparse
import re
import sys
from typing import Callable, Optional


class OneLineParser(argparse.ArgumentParser):
    """Ends with one clear line and exit code 2, without the usage."""

    def error(self, message):
        """One line on stderr.

        Args:
            message (str | Exception): What is wrong.

        Raises:
            SystemExit: Always, with code 2.
        """
        self.exit(2, f'{self.prog}: error: {one_line(message)}\n')


def positive(text: str) -> int:
    """A whole number of at least 1, for ``type`` of an argument."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f'expected a whole number of at least 1, found {text!r}')
    return int(text)


def one_line(message) -> str:
    """A message or an exception in one line; of a loader's worker, without
    how torch got there."""
    text = str(message)
    if 'Original Traceback' in text:
        text = re.split(r'\n[\w.]*(?:Error|Exception): ', text)[-1]
    return ' '.join(text.split())


def run_tool(name: str,
             work: Callable[[argparse.Namespace], Optional[str]],
             args: argparse.Namespace,
             interrupted: str = 'the same command begins anew') -> int:
    """Do the work of a tool; what its user can mend ends it with one line.

    Args:
        name (str): Of the tool, for messages.
        work (Callable): What it does with the arguments; what it returns, if
            anything, is printed.
        args (Namespace): The arguments.
        interrupted (str): What to say of Ctrl-C.

    Returns:
        int: Exit code: 0, 2 or 130.
    """
    try:
        result = work(args)
    except KeyboardInterrupt:
        print(f'{name}: interrupted; {interrupted}', file=sys.stderr)
        return 130
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        print(f'{name}: error: {one_line(error)}', file=sys.stderr)
        return 2
    if result is not None:
        print(result)
    return 0

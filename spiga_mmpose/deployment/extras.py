"""The packages that only deployment needs."""
import importlib.util


def require(*packages: str) -> None:
    """Check that packages are installed.

    Args:
        *packages (str): Importable names, which are also pip's.

    Raises:
        ImportError: If one is missing. It says what to type.
    """
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise ImportError(
                f'{package} is not installed. Type: pip install {package} '
                '(or, in a checkout, pip install -r requirements/deploy.txt)')

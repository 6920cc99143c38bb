"""The packages that only deployment needs."""
import importlib.util


def require(*packages: str) -> None:
    """Raise ``ImportError``, which says what to type, unless packages
    (importable names, which are also pip's) are installed."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise ImportError(
                f'{package} is not installed. Type: pip install {package} '
                '(or, in a checkout, pip install -r requirements/deploy.txt)')

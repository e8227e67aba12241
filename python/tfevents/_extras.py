"""Optional packages: imported where they are used, with an error that says how to install them."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def require(module: str, extra: str, what: str) -> ModuleType:
    """Imports an optional module.

    Args:
        module: Its full name.
        extra: The extra of tfevents that installs it, named after its package.
        what: What needs it, for the message.

    Raises:
        ModuleNotFoundError: If it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != module.partition(".")[0]:
            raise  # the package is there, and lacks something of its own
        message = f'{what} needs {extra}, which is not installed: pip install "tfevents[{extra}]"'
        raise ModuleNotFoundError(message, name=error.name, path=error.path) from None

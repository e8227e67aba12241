"""`open`: from paths and options to a `LogDir`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from tfevents import _arguments, _roots
from tfevents._log import Log
from tfevents._logdir import LogDir

if TYPE_CHECKING:
    from tfevents._roots import Roots


def open(  # noqa: A001
    path: Roots,
    *,
    restarts: Literal["all", "last"] = "all",
    on_damage: Literal["skip", "raise"] = "skip",
    checksum: bool = True,
    mmap: Literal["auto", "never"] = "auto",
    threads: int | None = None,
    missing_ok: bool = False,
    storage_options: dict[str, Any] | None = None,
) -> LogDir:
    """Opens a log directory, or several, or single event files. Only lists files.

    Args:
        path: A directory, an event file, a glob, a list of these, or ``{"name": path}``. Every
            directory below that holds a file whose name contains ``tfevents`` is a run.
        restarts: ``"all"``: every point of every file, in file and record order. ``"last"``: what
            a resumed training meant: where a series' step goes back, the points of the earlier
            attempt at or after that step are left out; a ``SessionLog.START`` does so for its run.
        on_damage: ``"skip"``: read on at the next whole record, list the damage in `damage()`, and
            warn once. ``"raise"``: `DamagedFileError`. An unfinished record at the end of a file
            is neither: it is waited for.
        checksum: Verify the CRC-32C of every payload that is used. ``False`` verifies lengths, and
            payloads that cannot be parsed.
        mmap: ``"auto"``: map large finished files on local disks, read the rest. ``"never"``.
            Either way a file that is cut short meanwhile ends no process and yields no wrong value.
        threads: Threads that decode; all cores this process may use by default.
        missing_ok: ``True``: a path that is not there yet, a glob that matches nothing, or a
            directory without event files is an empty log, which fills on `refresh`.
        storage_options: For object stores; not used for local paths.

    Raises:
        FileNotFoundError: A path does not exist, or a glob matches nothing; not with `missing_ok`.
        ValueError: A directory holds no event file (not with `missing_ok`), a file is none, or an
            argument makes no sense.
    """
    if storage_options:
        allowed = "None: object stores are not read yet"
        raise ValueError(_arguments.message("storage_options", allowed, storage_options))
    _arguments.choice(restarts, "restarts", ("all", "last"))
    _arguments.choice(on_damage, "on_damage", ("skip", "raise"))
    _arguments.choice(mmap, "mmap", ("auto", "never"))
    _arguments.instance(checksum, "checksum", bool, "True or False")
    if threads is not None:
        threads = _arguments.count(threads, "threads", default=" or None for all cores")
    _arguments.instance(missing_ok, "missing_ok", bool, "True or False")
    places = _roots.resolve(path, missing_ok=missing_ok)
    log = Log.open(places, (restarts, on_damage, checksum, mmap, threads, missing_ok))
    log.report()
    return LogDir(log)

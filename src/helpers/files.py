"""Every change that the program makes to files and folders goes through here.

A file is written beside its place and renamed into it, so that no reader sees half of one. On Windows a file that another
program holds (Excel, an antivirus, the search index) can be neither replaced nor removed: the attempt is repeated for a few
seconds, and then one sentence says which file it is and what to do.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from helpers.problems import MissingTool

T = TypeVar("T")

PATIENCE = (0.1, 0.2, 0.4, 0.8, 1.5)
"""Seconds to wait before each further attempt at what another program holds: an antivirus lets go within them."""
NEW, OLD = ".new", ".old"
"""Endings of what is being made beside its place, and of what stood there before."""
LONGEST = 120
"""How many characters the paths inside a report's working folder have at most."""
SPACE = 100_000_000
"""Bytes that a build needs free on its disk: working files and two copies of a site."""

_HELD = {errno.EACCES, errno.EPERM, errno.EBUSY, errno.ENOTEMPTY}
"""Windows's «access denied» (5), «used by another process» (32) and «locked» (33) come as EACCES; a folder whose files are
only marked as removed comes as ENOTEMPTY."""
_SYSTEM = re.compile(
    r"\[(?:Errno|(?P<windows>WinError)) (?P<number>\d+)\] (?P<why>[^:\n]*)(?:: (?P<quote>['\"])(?P<path>.*?)(?P=quote))?"
)
"""How Python tells an error of the system."""
_OF_WINDOWS = {
    5: errno.EACCES, 32: errno.EACCES, 33: errno.EACCES, 2: errno.ENOENT, 3: errno.ENOENT, 112: errno.ENOSPC,
    145: errno.ENOTEMPTY, 206: errno.ENAMETOOLONG,
}  # fmt: skip
"""Windows's numbers of errors as the common ones."""
_WINDOWS_LONGEST = 259
"""Characters of a path that every Windows takes; of a longer one it says that there is no such file."""


def in_words(error: OSError | MemoryError, path: object = "") -> str:
    """What the system refused, in one sentence: the file or folder and what to do."""
    if isinstance(error, MemoryError):
        return "Не хватило памяти: закройте другие программы и повторите команду."
    path = path or error.filename or ""
    named = f" {path}" if path else ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"На диске нет места{' для' + named if named else ''}: освободите место и повторите команду."
    if error.errno in {errno.EMFILE, errno.ENFILE}:
        return f"Открыто слишком много файлов{', не открыть' + named if named else ''}: закройте другие программы и повторите команду."
    if error.errno == errno.EROFS:
        return f"Сюда нельзя писать, диск только для чтения:{named}; назовите другую папку (ключ --out, при переносе сайта — --to)."
    if error.errno == errno.ENAMETOOLONG or (os.name == "nt" and len(str(path)) > _WINDOWS_LONGEST):
        return f"Слишком длинный путь, знаков {len(str(path))}:{named}; перенесите отчёт в папку с коротким путём и повторите команду."
    if error.errno in _HELD:
        return (
            f"Файл или папка{named}: нет доступа; закройте программы, в которых это открыто (Excel, просмотр, проводник), "
            "или дайте себе право записи и повторите команду."
        )
    if error.errno == errno.ENOENT:
        return f"Файла или папки{named} нет или больше нет; верните на место или постройте заново и повторите команду."
    if error.errno in {errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ELOOP}:
        return f"На этом месте стоит другое, файл вместо папки или наоборот:{named}; уберите и повторите команду."
    why = error.strerror or " ".join(str(error).split()) or type(error).__name__
    return f"Система отказала{', файл или папка' + named if named else ''}: {why}; проверьте диск и повторите команду."


def refused(kind: str, text: str) -> str:
    """What the system refused in another process, in one sentence; empty where its error was of another kind.

    Parameters
    ----------
    kind, text : str
        Name and text of the exception, as a kernel or a traceback tells them.
    """
    if kind == MissingTool.__name__:
        return text
    if kind == MemoryError.__name__:
        return in_words(MemoryError())
    if not (found := _SYSTEM.search(text)):
        return ""
    number = int(found["number"])
    return in_words(
        OSError(_OF_WINDOWS.get(number, number) if found["windows"] else number, found["why"], found["path"])
    )


def last_words(said: str) -> str:
    """Why another program stopped, by what it said of errors: what the system refused, or its last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for line in reversed(lines):
        if found := refused(line.partition(":")[0], line):
            return found
    return lines[-1] if lines else "причины не сказано; повторите команду, не поможет — удалите папку .snakemake."


@contextlib.contextmanager
def told(path: object = "") -> Iterator[None]:
    """Turn what the system refuses inside the block into a sentence about `path`, or about the file the system names.

    Raises
    ------
    MissingTool
        The sentence.
    """
    try:
        yield
    except (OSError, MemoryError) as error:
        raise MissingTool(in_words(error, path)) from error


def patiently(act: Callable[[], T], path: object) -> T:
    """Do it; where another program holds the file, again for a few seconds.

    Raises
    ------
    MissingTool
        It is still held, or the system refuses for another reason.
    """
    with told(path):
        for seconds in PATIENCE:
            try:
                return act()
            except OSError as error:
                if error.errno not in _HELD:
                    raise
                time.sleep(seconds)
        return act()


def make_folder(folder: Path) -> Path:
    """Make a folder and those above it; nothing where it stands already."""
    patiently(lambda: folder.mkdir(parents=True, exist_ok=True), folder)
    return folder


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Where to write what shall stand at `path`: it is put there when the block ends well, and removed when it does not."""
    make_folder(path.parent)
    new = path.with_name(path.name + NEW)
    try:
        with told(path):
            yield new
        replace(new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink()
        raise


def write(path: Path, content: bytes | str) -> None:
    """Write a file whole, or leave what stands there; text as UTF-8 with line ends as given."""
    with _beside(path) as new:
        new.write_bytes(content.encode() if isinstance(content, str) else content)


def write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder, each whole; none of them where one cannot be replaced."""
    make_folder(folder)
    refuse_held(folder / name for name in files)
    for name, content in files.items():
        write(folder / name, content)


def copy(source: Path, target: Path) -> None:
    """Copy a file with its times, whole or not at all."""
    with _beside(target) as new:
        shutil.copy2(source, new)


def copy_folder(source: Path, target: Path) -> None:
    """Copy all files of a folder into another, which may stand already."""
    for path in sorted(source.rglob("*")):
        if path.is_file():
            copy(path, target / path.relative_to(source))


def replace(source: Path, target: Path) -> None:
    """Put a file in another's place."""
    patiently(lambda: source.replace(target), target)


def rename(source: Path, target: Path) -> None:
    """Rename a file or folder onto a free place."""
    patiently(lambda: source.rename(target), source)


def remove(path: Path) -> None:
    """Remove a file or a link, if there is one."""
    patiently(lambda: path.unlink(missing_ok=True), path)


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it, if there is one; of a link the link alone."""
    if folder.is_symlink() or folder.is_file():
        remove(folder)
        return

    def sweep() -> None:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder, onerror=_writable)

    # the system names the file inside that is held
    patiently(sweep, "")


def _writable(act: Callable[[str], object], path: str, caught: tuple) -> None:
    """Windows removes no file that is marked as read-only."""
    if isinstance(caught[1], FileNotFoundError):
        return
    if not isinstance(caught[1], PermissionError) or Path(path).stat().st_mode & stat.S_IWUSR:
        raise caught[1]
    Path(path).chmod(stat.S_IWRITE)
    act(path)


def refuse_held(paths: Iterable[Path]) -> None:
    """Try, before any work, whether each of these files, and the files in each of these folders, may be replaced.

    Raises
    ------
    MissingTool
        One of them may not.
    """
    for path in paths:
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if file.is_file() and not file.is_symlink():
                patiently(lambda file=file: file.open("r+b").close(), file)


def refuse_unwritable(folder: Path) -> None:
    """Try, before any work, whether files with the longest names can be written below `folder` and there is space for them.

    Raises
    ------
    MissingTool
        They cannot, or there is none.
    """
    make_folder(folder)
    trial = folder / "".ljust(LONGEST, "0")
    with told(folder):
        try:
            trial.write_bytes(b"0")
        finally:
            trial.unlink(missing_ok=True)
        if shutil.disk_usage(folder).free < SPACE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))

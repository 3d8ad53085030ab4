"""A built site carried to a folder or a server: uploaded beside the old one, then put in its place.

A site is whole while its manifest stands in it: the manifest is written last and removed first. So where folders
cannot be renamed (object stores) an upload stopped anywhere can still be told from a site, and is mended by the next.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs

from helpers.problems import BadInput, MissingTool, Problem
from helpers.publish import shelf
from helpers.publish.difference import State, differing, digests
from helpers.publish.verify import Inputs
from helpers.report import Report

_WHOLE = "manifest.json"
_PLANNED = {"added": "+ добавится", "changed": "* изменится", "removed": "- исчезнет"}
_PASSWORD = re.compile(r"(://[^/@\s:]*):[^/\s]*@")


def place(report: Report, edition: str, production: bool) -> str:
    """Where below the target an edition belongs; staging unless production is asked for.

    Raises
    ------
    BadInput
        The edition may not go there.
    """
    if production and edition != "public":
        raise BadInput(Problem(f"отчёт {report.name}", f"редакция {edition} с ключом --production",
                               "для читателей — только открытая редакция (public)",
                               "уберите ключ --production или опубликуйте открытую редакцию"))  # fmt: skip
    return report.name if production else f"staging/{report.name}"


def refuse_other_params(before: Inputs, now: Inputs) -> None:
    """Refuse a site built by other params: what may become public could have been decided anew since.

    Raises
    ------
    BadInput
        A params file has changed.
    """
    for name in differing(before.get("params", {}), now["params"]):
        raise BadInput(Problem(name, "параметры изменены после сборки сайта", "сайт, построенный по этим параметрам",
                               "постройте отчёт заново"))  # fmt: skip


def connected(target: str) -> tuple[AbstractFileSystem, str]:
    """The file system of a folder or URL, and the path in it.

    Raises
    ------
    MissingTool
        The package for such URLs is not installed, or the server does not answer.
    BadInput
        There are no such URLs.
    """
    try:
        fs, root = url_to_fs(target)
    except ImportError as error:
        package = getattr(error.__cause__, "name", None) or str(error)
        raise MissingTool(
            f"для адреса {shown(target)} нужен пакет {package}: установите его командой pip install {package}"
        ) from None
    except ValueError:
        raise BadInput(Problem("ключ --to", f"адрес {shown(target)}", "папка или адрес вида sftp://, ftp://, s3://",
                               "исправьте адрес")) from None  # fmt: skip
    return fs, str(root).rstrip("/")


def changes(fs: AbstractFileSystem, folder: str, site: Path) -> list[tuple[str, State, int]]:
    """Files that an upload would add, change and remove, with the size that each has or had; reads only."""
    there, here = _sizes(fs, folder), digests(site)
    sizes = {name: (site / name).stat().st_size for name in here}
    before = {name: _digest(fs, f"{folder}/{name}") if sizes.get(name) == there[name] else "" for name in there}
    return [(name, state, sizes.get(name, there.get(name))) for name, state in differing(before, here).items()]


def in_words(planned: list[tuple[str, State, int]]) -> list[str]:
    """What an upload would change, a line each."""
    return [f"{_PLANNED[state]}: {name} ({f'{size:,}'.replace(',', ' ')} Б)" for name, state, size in planned]


def upload(fs: AbstractFileSystem, folder: str, site: Path) -> int:
    """Put a site in the place of the one that stands in `folder`; how many files it has.

    A stop leaves the old site or the new one whole, in `folder` or, between two renamings, beside it as `folder.old`;
    the next call goes on from there.

    Raises
    ------
    MissingTool
        What arrived is not what was sent.
    BadInput
        What stands in `folder` is no site.
    """
    beside, old = f"{folder}.new", f"{folder}.old"
    _recover(fs, folder)
    _remove(fs, beside)
    names = _whole_last(digests(site))
    for parent in sorted({f"{beside}/{name}".rpartition("/")[0] for name in names}):
        fs.makedirs(parent, exist_ok=True)
    for name in names:
        fs.put_file(str(site / name), f"{beside}/{name}")
    if _sizes(fs, beside) != {name: (site / name).stat().st_size for name in names}:
        raise MissingTool("файлы дошли не целиком")
    if fs.exists(folder):
        _move(fs, folder, old)
    _move(fs, beside, folder)
    _remove(fs, old)
    return len(names)


def renew_list(fs: AbstractFileSystem, parent: str) -> bool:
    """Write the page above the sites in `parent` anew; False if another's first page stands there, which stays."""
    fs.invalidate_cache()
    target, beside = f"{parent}/{shelf.PAGE}", f"{parent}/index.new"
    if fs.exists(target) and not shelf.is_ours(fs.cat_file(target).decode(errors="replace")):
        return False
    folders = sorted(
        info["name"].rstrip("/").rpartition("/")[2]
        for info in fs.ls(parent, detail=True)
        if info["type"] == "directory"
    )
    manifests = {name: f"{parent}/{name}/{_WHOLE}" for name in folders if not name.endswith((".new", ".old"))}
    found = {name: fs.cat_file(path).decode() for name, path in manifests.items() if fs.exists(path)}
    fs.pipe_file(beside, shelf.page(found).encode())
    if fs.exists(target):
        fs.rm_file(target)  # some servers rename nothing onto a file
    fs.mv(beside, target)
    return True


def _recover(fs: AbstractFileSystem, folder: str) -> None:
    """Put back the last good site if a stop fell into the swap; refuse a folder that holds no site of ours."""
    fs.invalidate_cache()
    old = f"{folder}.old"
    whole = [place for place in (folder, old, f"{folder}.new") if fs.exists(f"{place}/{_WHOLE}")]
    if folder not in whole and whole:
        _remove(fs, folder)
    if folder not in whole and old in whole:
        _move(fs, old, folder)
    if not whole and _sizes(fs, folder):
        raise BadInput(Problem(f"папка {folder}", "файлы, среди которых нет manifest.json: это не сайт отчёта",
                               "прежний сайт или пустое место", "уберите их сами или назовите другую папку"))  # fmt: skip
    _remove(fs, old)


def _move(fs: AbstractFileSystem, source: str, target: str) -> None:
    """Rename a folder; where there is no renaming, copy and remove it."""
    if type(fs).mv is not AbstractFileSystem.mv:
        fs.mv(source, target)
        return
    names = _whole_last(_sizes(fs, source))
    for parent in sorted({f"{target}/{name}".rpartition("/")[0] for name in names}):
        fs.makedirs(parent, exist_ok=True)
    for name in names:
        fs.cp_file(f"{source}/{name}", f"{target}/{name}")
    _remove(fs, source)


def _remove(fs: AbstractFileSystem, folder: str) -> None:
    if fs.exists(f"{folder}/{_WHOLE}"):
        fs.rm_file(f"{folder}/{_WHOLE}")
    if fs.exists(folder):
        fs.rm(folder, recursive=True)


def _sizes(fs: AbstractFileSystem, folder: str) -> dict[str, int]:
    """Every file below a folder by its path there, with its size; none where there is no folder."""
    fs.invalidate_cache()
    if not fs.exists(folder):
        return {}
    top = fs.info(folder)["name"].rstrip("/")
    return {path.removeprefix(f"{top}/"): info["size"] for path, info in fs.find(folder, detail=True).items()}


def _digest(fs: AbstractFileSystem, path: str) -> str:
    return hashlib.sha256(fs.cat_file(path)).hexdigest()


def _whole_last(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (name == _WHOLE, name))


def shown(target: str) -> str:
    """A target without its password."""
    return _PASSWORD.sub(r"\1:…@", target)


@contextlib.contextmanager
def told(target: str) -> Iterator[None]:
    """Say whatever fails between here and a server in one Russian line; each kind of server has its own errors."""
    try:
        yield
    except (BadInput, MissingTool):
        raise
    except Exception as error:
        why = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise MissingTool(
            f"передача в {shown(target)} прервалась ({shown(why)}); прежний сайт не потерян; повторите команду"
        ) from error

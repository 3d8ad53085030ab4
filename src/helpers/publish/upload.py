"""A built site carried to a folder or a server: uploaded beside the old one, then put in its place.

A site is whole while its manifest stands in it: the manifest is written last and removed first. What is being made or
removed has a mark in it, which comes first and goes last. So where folders cannot be renamed (object stores) an upload
stopped anywhere can still be told from a site, and is mended by the next; and what has neither manifest nor mark was made by
someone else, and is left alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from helpers import files
from helpers.problems import BadInput, MissingTool, Problem
from helpers.publish import manifest, shelf
from helpers.publish.difference import State, differing, digests
from helpers.publish.verify import Inputs
from helpers.report import Report

_WHOLE = manifest.FILE
_MARK = "upload-unfinished.txt"
_MARK_SAYS = "Эту папку пишет или убирает команда report publish; она будет закончена следующим запуском."
_STAGING = "staging"
_PLANNED = {"added": "+ добавится", "changed": "* изменится", "removed": "- исчезнет"}
_USER_AND_PASSWORD = re.compile(r"(?P<user>://[^/@:]*):(?P<secret>.*)@", re.DOTALL)
"""A password may have any character in it, so it reaches up to the last «@»."""
_QUERY = re.compile(r"(?P<key>[?&;][^=&;?#]*)=(?P<secret>[^&;#]*)")
_NO_SCHEME = re.compile(r"[^/\\:]{2,}:[^/\\].*@|[^/\\:]{2,}:.*@.*:", re.DOTALL)
"""`user:password@host:folder`: a folder cannot be called so."""


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
    return report.name if production else f"{_STAGING}/{report.name}"


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
    if "://" not in target and _NO_SCHEME.match(target):
        raise BadInput(Problem("ключ --to", "адрес без sftp://, ftp:// или s3://", "папка или адрес с ними",
                               "исправьте адрес"))  # fmt: skip
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
    return _Disk() if isinstance(fs, LocalFileSystem) else fs, str(root).rstrip("/")


def changes(fs: AbstractFileSystem, folder: str, site: Path) -> list[tuple[str, State, int]]:
    """Files that an upload would add, change and remove, with the size that each has or had; reads only.

    Raises
    ------
    BadInput
        What stands there was not published by this program.
    """
    refuse_others(fs, folder, site)
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
        What stands in `folder`, or beside it under the names that the swap needs, was not published by this program.
    """
    beside, old = folder + files.NEW, folder + files.OLD
    refuse_others(fs, folder, site)
    _recover(fs, folder)
    _remove(fs, beside)
    names = _whole_last(digests(site))
    try:
        _mark(fs, beside)
        for parent in sorted({f"{beside}/{name}".rpartition("/")[0] for name in names}):
            fs.makedirs(parent, exist_ok=True)
        for name in names:
            fs.put_file(str(site / name), f"{beside}/{name}")
        fs.rm_file(f"{beside}/{_MARK}")
        if _sizes(fs, beside) != {name: (site / name).stat().st_size for name in names}:
            raise MissingTool("файлы дошли не целиком")
        if fs.exists(folder):
            _move(fs, folder, old)
        _move(fs, beside, folder)
    except MissingTool:  # on a disk of ours: a file is held; the old site comes back at once
        with contextlib.suppress(MissingTool):
            _recover(fs, folder)
        with contextlib.suppress(MissingTool):
            _remove(fs, beside)
        raise
    _remove(fs, old)
    return len(names)


def renew_list(fs: AbstractFileSystem, parent: str) -> bool:
    """Write the page above the sites in `parent` anew; False if another's first page stands there, which stays."""
    fs.invalidate_cache()
    target = f"{parent}/{shelf.PAGE}"
    if fs.exists(target) and not shelf.is_ours(fs.cat_file(target).decode(errors="replace")):
        return False
    folders = sorted(
        info["name"].rstrip("/").rpartition("/")[2]
        for info in fs.ls(parent, detail=True)
        if info["type"] == "directory"
    )
    manifests = {name: f"{parent}/{name}/{_WHOLE}" for name in folders if not name.endswith((files.NEW, files.OLD))}
    found = {name: fs.cat_file(path).decode(errors="replace") for name, path in manifests.items() if fs.exists(path)}
    fs.pipe_file(target, shelf.page(found).encode())
    return True


def _recover(fs: AbstractFileSystem, folder: str) -> None:
    """Put back the last good site if a stop fell into the swap."""
    fs.invalidate_cache()
    old = folder + files.OLD
    if not fs.exists(f"{folder}/{_WHOLE}"):
        _remove(fs, folder)
        if fs.exists(f"{old}/{_WHOLE}"):
            _move(fs, old, folder)
    elif fs.exists(f"{folder}/{_MARK}"):
        fs.rm_file(f"{folder}/{_MARK}")
    _remove(fs, old)


def refuse_others(fs: AbstractFileSystem, folder: str, site: Path) -> None:
    """Refuse to touch what this program has not written: in `folder`, and where the swap puts the old and the new site.

    Raises
    ------
    BadInput
        Files of others, another report's site, or a link.
    """
    name = (manifest.read((site / _WHOLE).read_text(encoding="utf-8")) or {}).get("report")
    for place in (folder, folder + files.NEW, folder + files.OLD):
        if isinstance(fs, LocalFileSystem) and _leads_elsewhere(place):
            raise _not_ours(place, "ссылка, которая ведёт в другое место")
        there = _sizes(fs, place)
        if not there or _MARK in there:
            continue
        said = manifest.read(fs.cat_file(f"{place}/{_WHOLE}").decode(errors="replace")) if _WHOLE in there else None
        if said is None:
            raise _not_ours(place, "файлы без manifest.json, который пишет сборка: это не сайт отчёта")
        if said["report"] != name:
            raise _not_ours(place, f"сайт другого отчёта, {said['report']}")
        strangers = sorted(there.keys() - said.get("files", there))
        if strangers:
            raise _not_ours(place, f"файл {strangers[0]}, которого нет среди файлов сайта")


def _not_ours(place: str, found: str) -> BadInput:
    return BadInput(Problem(f"папка {shown(place)}", found, "прежний сайт этого отчёта или пустое место",
                            "уберите это сами или назовите другую папку"))  # fmt: skip


def _leads_elsewhere(place: str) -> bool:
    """Whether a folder, or `staging` above it, is a link."""
    path = Path(place)
    top = path.parents[1] if path.parent.name == _STAGING else path.parent
    meant = os.path.normcase(Path(os.path.realpath(top)) / path.relative_to(top))
    return os.path.normcase(os.path.realpath(path)) != meant


def _mark(fs: AbstractFileSystem, folder: str) -> None:
    fs.makedirs(folder, exist_ok=True)
    fs.pipe_file(f"{folder}/{_MARK}", _MARK_SAYS.encode())


def _move(fs: AbstractFileSystem, source: str, target: str) -> None:
    """Rename a folder; where there is no renaming, copy and remove it."""
    if type(fs).mv is not AbstractFileSystem.mv:
        fs.mv(source, target)
        return
    names = _whole_last(_sizes(fs, source))
    _mark(fs, target)
    for parent in sorted({f"{target}/{name}".rpartition("/")[0] for name in names}):
        fs.makedirs(parent, exist_ok=True)
    for name in names:
        fs.cp_file(f"{source}/{name}", f"{target}/{name}")
    fs.rm_file(f"{target}/{_MARK}")
    _remove(fs, source)


def _remove(fs: AbstractFileSystem, folder: str) -> None:
    """Remove a folder of ours; what a stop leaves of it has the mark."""
    if not fs.exists(folder):
        return
    _mark(fs, folder)
    for name in sorted(_sizes(fs, folder), key=lambda name: (name != _WHOLE, name == _MARK)):
        fs.rm_file(f"{folder}/{name}")
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
    """A target without its password and without what its query says."""
    if "://" not in target:
        return target
    return _QUERY.sub(r"\g<key>=…", _USER_AND_PASSWORD.sub(r"\g<user>:…@", target))


def _tells_a_secret(text: str, target: str) -> bool:
    """Whether a text has the password of a target in it, or a piece of it as an address that is cut wrongly leaves it."""
    secrets = [found["secret"] for pattern in (_USER_AND_PASSWORD, _QUERY) for found in pattern.finditer(target)]
    known = {form(secret) for secret in secrets if secret for form in (str, quote, quote_plus, unquote, unquote_plus)}
    pieces = {piece for secret in known for piece in re.split(r"[^\w$!*~.-]+", secret) if piece}
    words = set(re.split(r"[^\w$!*~.-]+", text))
    return any(secret in text for secret in known) or any(
        piece in words or (len(piece) > 3 and piece in text) for piece in pieces
    )


@contextlib.contextmanager
def told(target: str) -> Iterator[None]:
    """Say whatever fails between here and a server in one Russian line; each kind of server has its own errors."""
    try:
        yield
    except (BadInput, MissingTool):
        raise
    except Exception as error:
        text = shown(" ".join(str(error).split()))
        why = type(error).__name__ if _tells_a_secret(text, target) else f"{type(error).__name__}: {text}"
        raise MissingTool(
            f"передача в {shown(target)} прервалась ({why}); прежний сайт не потерян; повторите команду"
        ) from None


class _Disk(LocalFileSystem):
    """A folder of this computer or of a network drive, where another program may hold a file."""

    cachable = False

    def mv(self, path1: str, path2: str, **_: object) -> None:
        files.rename(Path(path1), Path(path2))

    def put_file(self, lpath: str, rpath: str, **_: object) -> None:
        files.copy(Path(lpath), Path(rpath))

    def pipe_file(self, path: str, value: bytes, **_: object) -> None:
        files.write(Path(path), value)

    def rm_file(self, path: str) -> None:
        files.remove(Path(path))

    def rm(self, path: str, recursive: bool = False, maxdepth: int | None = None) -> None:
        files.remove_folder(Path(path))

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        files.make_folder(Path(path))

"""`report publish`: a site is carried whole or not at all."""

from __future__ import annotations

import ftplib
import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from copies import Copy, contents
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from helpers.problems import BadInput, MissingTool
from helpers.publish import shelf
from helpers.publish.upload import changes, connected, renew_list, shown, told, upload

ANOTHERS = json.dumps({"report": "other", "title": "", "years": [], "edition": "public", "inputs": {}})
WRITES = ("put_file", "cp_file", "rm_file", "rm", "mv", "makedirs")


def failing(kind: type[AbstractFileSystem], after: int) -> AbstractFileSystem:
    """A file system whose connection is lost after so many changes, in the middle of removing many files too."""
    left = [after]

    def lossy(name: str):
        def call(self: AbstractFileSystem, *arguments, **more):
            left[0] -= 1
            if left[0] < 0:
                if name == "rm":
                    for path in sorted(self.find(arguments[0]))[:1]:
                        kind.rm_file(self, path)
                raise ftplib.error_temp("421 connection lost")
            return getattr(kind, name)(self, *arguments, **more)

        return call

    overridden = [
        name for name in WRITES if getattr(kind, name) is not getattr(AbstractFileSystem, name) or name != "mv"
    ]
    return type("Failing", (kind,), {name: lossy(name) for name in overridden} | {"cachable": False})()


def a_site(folder: Path, text: str, *pages: str, report: str = "report") -> Path:
    for page in ("index.html", *pages):
        path = folder / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{page}: {text}", encoding="utf-8")
    content = {"report": report, "title": text, "years": [2021], "edition": "public", "inputs": {},
               "files": ["index.html", "manifest.json", *pages]}  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def stands(fs: AbstractFileSystem, folder: str) -> dict[str, str]:
    """Files below a folder with their text."""
    fs.invalidate_cache()
    top = fs._strip_protocol(folder)
    return {
        path.removeprefix(f"{top}/"): fs.cat_file(path).decode() for path in (fs.find(top) if fs.exists(top) else [])
    }


def of(site: Path) -> dict[str, str]:
    return {path.relative_to(site).as_posix(): path.read_text(encoding="utf-8") for path in site.rglob("*.*")}


@pytest.mark.parametrize("kind", [LocalFileSystem, MemoryFileSystem])
def test_a_connection_lost_at_any_moment_loses_no_site(kind: type[AbstractFileSystem], tmp_path: Path):
    old, new = a_site(tmp_path / "a", "old", "school/a.html"), a_site(tmp_path / "b", "new", "school/b.html")
    states = []
    for after in range(1000):
        fs, folder = kind(), f"{tmp_path.as_posix()}/web/{after}/report"
        upload(fs, folder, old)
        try:
            upload(failing(kind, after), folder, new)
            done = True
        except ftplib.error_temp:
            done = False
        there, beside = stands(fs, folder), stands(fs, f"{folder}.old")
        for site in (there, beside):
            site.pop("upload-unfinished.txt", None)
        whole = [site for site in (there, beside) if "manifest.json" in site]
        assert whole and all(site in (of(old), of(new)) for site in whole)
        states.append("old" if there == of(old) else "new" if there == of(new) else "gap")
        assert upload(fs, folder, new) == 3
        assert stands(fs, folder) == of(new)
        assert not fs.exists(f"{folder}.old") and not fs.exists(f"{folder}.new")
        if done:
            break
    assert states[0] == "old" and states[-1] == "new"
    assert "".join(state[0] for state in states) == "o" * states.count("old") + "g" * states.count(
        "gap"
    ) + "n" * states.count("new")
    if kind is LocalFileSystem:
        assert states.count("gap") == 1  # between the two renamings
    assert states.count("old") > 3  # the whole upload goes on with the old site in its place


def test_the_first_upload_that_was_stopped_is_taken_up(tmp_path: Path):
    site, done, after = a_site(tmp_path / "a", "new", "school/a.html"), False, 0
    while not done:
        fs, folder = MemoryFileSystem(), f"/first/{tmp_path.name}/{after}/report"
        try:
            upload(failing(MemoryFileSystem, after), folder, site)
            done = True
        except ftplib.error_temp:
            after += 1
        upload(fs, folder, site)
        assert stands(fs, folder) == of(site)


@pytest.mark.parametrize("place", ["report", "report.new", "report.old"])
@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("годовой отчёт.docx", "важное", "не сайт отчёта"),
        ("manifest.json", '{"name": "приложение", "icons": []}', "не сайт отчёта"),
        (
            "manifest.json",
            ANOTHERS,
            "другого отчёта",
        ),
    ],
)
def test_a_folder_that_holds_no_site_of_this_report_is_left_alone(
    place: str, name: str, text: str, says: str, tmp_path: Path
):
    site, web = a_site(tmp_path / "a", "new"), tmp_path / "web"
    fs, folder = connected(str(web / "report"))
    if place != "report":
        upload(fs, folder, site)
    (web / place).mkdir(parents=True)
    (web / place / name).write_text(text, encoding="utf-8")
    before = contents(web)
    for touched in (upload, changes):
        with pytest.raises(BadInput, match=says):
            touched(fs, folder, site)
    assert contents(web) == before


def test_a_file_that_someone_put_among_those_of_the_site_is_not_lost(tmp_path: Path):
    fs, folder = connected(str(tmp_path / "web" / "report"))
    upload(fs, folder, a_site(tmp_path / "a", "old", "gone.html"))
    (tmp_path / "web" / "report" / "приказ.docx").write_text("важное", encoding="utf-8")
    before = contents(tmp_path / "web")
    with pytest.raises(BadInput, match=r"приказ\.docx"):
        upload(fs, folder, a_site(tmp_path / "b", "new"))
    assert contents(tmp_path / "web") == before


@pytest.mark.parametrize("link", ["report", "report.new", "report.old", "staging"])
def test_no_link_is_followed_out_of_the_target(link: str, tmp_path: Path):
    site, web = a_site(tmp_path / "a", "new"), tmp_path / "web"
    elsewhere = a_site(tmp_path / "elsewhere", "another's")
    web.mkdir()
    (web / link).symlink_to(elsewhere, target_is_directory=True)
    fs, folder = connected(str(web / ("staging/report" if link == "staging" else "report")))
    with pytest.raises(BadInput, match="ссылка"):
        upload(fs, folder, site)
    assert of(elsewhere) == of(a_site(tmp_path / "same", "another's")) and (web / link).is_symlink()


def test_the_target_itself_may_be_a_link(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "web").symlink_to(tmp_path / "real", target_is_directory=True)
    site = a_site(tmp_path / "a", "new")
    for text in ("new", "newer"):
        upload(*connected(str(tmp_path / "web" / "report")), a_site(site, text))
    assert of(tmp_path / "real" / "report") == of(site)


def test_a_dry_run_tells_what_would_change_by_content(tmp_path: Path):
    fs, folder = MemoryFileSystem(), f"/dry/{tmp_path.name}"
    old, new = a_site(tmp_path / "a", "old", "gone.html"), a_site(tmp_path / "b", "new", "came.html")
    (new / "index.html").write_bytes((old / "index.html").read_bytes())
    upload(fs, folder, old)
    before = stands(fs, folder)
    assert changes(fs, folder, new) == [
        ("came.html", "added", 14), ("gone.html", "removed", 14), ("manifest.json", "changed", 143)
    ]  # fmt: skip
    assert changes(fs, folder, old) == []
    assert {state for _, state, _ in changes(fs, f"{folder}-nowhere", new)} == {"added"}
    assert stands(fs, folder) == before


def test_the_built_site_is_published(copy: Copy, built: Path, small: Path, tmp_path: Path):
    site = contents(built / "_site" / small.stem)
    arguments = ["publish", small, "--out", built, "--to", tmp_path / "web"]
    said = copy.report(*arguments, "--dry-run")
    assert f"— {len(site)}:" in said and "+ добавится: index.html" in said and not (tmp_path / "web").exists()
    copy.report(*arguments)
    web = contents(tmp_path / "web")
    assert web.pop("staging/index.html")
    assert web == {f"staging/{small.stem}/{name}": digest for name, digest in site.items()}
    copy.report(*arguments, "--production")
    assert contents(tmp_path / "web" / small.stem) == site
    assert "уже этот сайт" in copy.report(*arguments, "--dry-run", "--production")


def test_the_built_site_reaches_any_file_system(built: Path, small: Path):
    site = built / "_site" / small.stem
    fs, root = connected("memory://web/школы")
    with told("memory://web/школы"):
        upload(fs, f"{root}/{small.stem}", site)
    assert len(fs.find(f"{root}/{small.stem}")) == len(contents(site))
    assert changes(fs, f"{root}/{small.stem}", site) == []


def test_what_is_not_published(copy: Copy, built: Path, small: Path, tmp_path: Path):
    web = ["--to", tmp_path / "web"]
    assert "только открытая" in copy.report("publish", small, *web, "--edition", "internal", "--production", code=1)
    assert "сайта ещё нет" in copy.report("publish", small, *web, "--out", tmp_path, code=3)
    assert "сайта ещё нет" in copy.report("publish", small, *web, "--out", built, "--edition", "internal", code=3)
    other = tmp_path / small.name
    other.write_text(re.sub("open_data: .*\n", "", small.read_text(encoding="utf-8")), encoding="utf-8")
    for raw in small.parent.glob("*.csv"):
        (tmp_path / raw.name).write_bytes(raw.read_bytes())
    assert "параметры изменены" in copy.report("publish", other, *web, "--out", built, code=1)
    assert not (tmp_path / "web").exists()


def test_what_is_missing_is_named_in_one_line():
    with pytest.raises(BadInput, match="адрес nosuch://"):
        connected("nosuch://server/папка")
    for target, package in {"s3://bucket/site": "s3fs", "sftp://user:secret@host/site": "paramiko"}.items():
        try:
            __import__(package)
        except ImportError:
            with pytest.raises(MissingTool, match=f"pip install {package}") as caught:
                connected(target)
            assert "secret" not in str(caught.value) and "\n" not in str(caught.value)


SECRETS = {
    "ftp://user:s3cret@host/x": "s3cret",
    "ftp://user:pa/s3cret@host/x": "s3cret",
    "ftp://user:pa@s3cret@host/x@y": "s3cret",
    "sftp://user:pa s3cret@host/x": "s3cret",
    "sftp://user:pa%20s3cret@host/x": "s3cret",
    "sftp://user:пароль#?s3cret@host": "s3cret",
    "s3://key:a+s3cret/z@bucket/x": "s3cret",
    "http://host/x?user=me&password=s3cret": "s3cret",
    "simplecache::ftp://user:s3cret@host/x": "s3cret",
    "nosuch://user:s3cret@host": "s3cret",
    "user:s3cret@host:/x": "s3cret",
    "user:s3cret@host/x": "s3cret",
}


@pytest.mark.parametrize(("target", "secret"), SECRETS.items())
def test_a_failure_is_told_without_the_password(target: str, secret: str):
    told_of = [target, f"530 {target}\nrefused", f"login as ({secret!r})", f"no port {secret}", quote(f"530 {target}")]
    for text in told_of:
        with pytest.raises(MissingTool, match="прервалась") as caught, told(target):
            raise ftplib.error_perm(text)
        if "://" in target:
            assert secret not in str(caught.value) and "\n" not in str(caught.value)
        assert caught.value.__cause__ is None
    try:
        with told(target):
            _, root = connected(target)
    except (BadInput, MissingTool) as error:
        assert secret not in str(error)
    else:
        assert secret not in shown(root)


def test_what_is_no_secret_is_told():
    with pytest.raises(MissingTool, match="530 Login incorrect"), told("ftp://user:s3cret@host/x"):
        raise ftplib.error_perm("530 Login incorrect")
    assert shown("D:/папка") == "D:/папка" and shown("sftp://user@host:22/a@b") == "sftp://user@host:22/a@b"


def a_report(folder: Path, name: str, *years: int, title: str = "") -> None:
    """A site with the manifest that a list of sites reads."""
    content = {"report": name, "title": title or f"Отчёт {name}", "years": years, "edition": "public", "inputs": {}}
    (folder / name).mkdir(parents=True)
    (folder / name / "manifest.json").write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize("kind", [LocalFileSystem, MemoryFileSystem])
def test_sites_side_by_side_are_listed_the_newest_first(kind: type[AbstractFileSystem], tmp_path: Path):
    fs, folder = kind(), f"{tmp_path.as_posix()}/web"
    for name, years in (("b-2019", [2018, 2019]), ("a-2021", [2021]), ("c-2019", [2019])):
        a_report(tmp_path / "here", name, *years, title=f"<b>{name}</b>")
    a_report(tmp_path / "here", "a-2021.old", 2030)
    fs.put(f"{(tmp_path / 'here').as_posix()}/", f"{folder}/", recursive=True)
    assert renew_list(fs, folder) and renew_list(fs, folder)
    html = fs.cat_file(f"{folder}/index.html").decode()
    assert re.findall(r'<a href="([^"]+)"', html) == ["a-2021/index.html", "c-2019/index.html", "b-2019/index.html"]
    assert "<b>" not in html and not fs.exists(f"{folder}/index.new")
    shelf.renew(tmp_path / "here")
    assert (tmp_path / "here" / "index.html").read_text(encoding="utf-8") == html


def test_anothers_first_page_is_not_written_over(tmp_path: Path):
    a_report(tmp_path, "a-2021", 2021)
    (tmp_path / "index.html").write_text("<h1>Центр оценки качества образования</h1>", encoding="utf-8")
    assert not renew_list(LocalFileSystem(), tmp_path.as_posix())
    shelf.renew(tmp_path)
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == "<h1>Центр оценки качества образования</h1>"

"""Downloads the source archives of packages that have no wheels, and the wheels that building them needs.

Runs where install.py runs, with the network. Nothing is built here: that happens later, without network.
Usage: uv run --no-project --with packaging python fetch_sources.py SPEC.json RESULT.json
"""

import ast
import hashlib
import html.parser
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import urllib.parse
import urllib.request
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidSdistFilename, parse_sdist_filename


def main(spec_path, result_path):
    """Fetch the newest fitting source archive of each wanted package; reports each as a path or an error."""
    spec = json.loads(Path(spec_path).read_text(encoding="utf-8"))
    index = _index_url(spec["uv"], spec["python"])
    result = {}
    for name, specifier in spec["wanted"].items():
        try:
            file = _newest(index, name, ranges(specifier), spec["as_of"])
            if file is None:
                result[name] = {"absent": f"no source archive of {name} fits {specifier or 'any version'}"}
                continue
            path = _download(file, Path(spec["folder"]))
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            result[name] = {"path": str(path), "digest": digest, "published": file.get("upload-time") or ""}
        except (OSError, ValueError) as error:
            result[name] = {"error": f"{type(error).__name__}: {error}"}
    archives = [Path(answer["path"]) for answer in result.values() if "path" in answer]
    _make_build_environment(spec, archives)
    Path(result_path).write_text(json.dumps(result), encoding="utf-8")


def _make_build_environment(spec, archives):
    requirements = {"setuptools", "wheel"}
    for archive in archives:
        requirements.update(_build_requirements(archive))
    target = spec["build_environment"]
    as_of = ["--exclude-newer", spec["as_of"]] if spec["as_of"] else []
    subprocess.run([spec["uv"], "venv", "--python", spec["python"], target], check=True)
    subprocess.run(
        [
            spec["uv"],
            "pip",
            "install",
            "--no-build",
            *as_of,
            "--python",
            f"{target}/bin/python",
            *sorted(requirements),
        ],
        check=True,
    )


def _build_requirements(archive):
    """What a source archive says its build needs, read without unpacking or running it."""
    if not archive.name.endswith((".tar.gz", ".tgz")):
        return []
    texts = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            name = member.name.partition("/")[2]
            if member.isfile() and name in ("pyproject.toml", "setup.py"):
                texts[name] = tar.extractfile(member).read(1 << 20).decode("utf-8", "replace")
    try:
        system = tomllib.loads(texts.get("pyproject.toml", "")).get("build-system")
    except tomllib.TOMLDecodeError:
        system = None
    return system.get("requires", []) if system else _setup_requires(texts.get("setup.py", ""))


def _setup_requires(setup):
    """The literal strings of `setup_requires=[...]`, as setup.py files had it before build-system tables."""
    try:
        tree = ast.parse(setup)
    except (SyntaxError, ValueError):
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "setup_requires" and isinstance(node.value, ast.List):
            found += [item.value for item in node.value.elts if isinstance(getattr(item, "value", None), str)]
    return found


def _index_url(uv, python):
    """The index that uv itself uses, as the lock of a one-package project names it."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pyproject.toml").write_text(
            '[project]\nname = "probe"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = ["packaging"]\n',
            encoding="utf-8",
        )
        subprocess.run([uv, "lock", "--python", python], cwd=folder, check=True, capture_output=True)
        lock = tomllib.loads((Path(folder) / "uv.lock").read_text(encoding="utf-8"))
    return next(p["source"]["registry"] for p in lock["package"] if "registry" in p["source"])


def ranges(text):
    """The sets of versions that a requirement or a range in uv's words allows: ">=4.9, <4.10 | >=5+", "*"."""
    # uv writes <=4.9+ for 4.9 and all of its local versions.
    parts = (re.sub(r"\+\s*(?=,|$)", "", part.strip()) for part in text.split("|"))
    return [SpecifierSet("" if part == "*" else part, prereleases=False) for part in parts]


def _newest(index, name, allowed, as_of):
    page = f"{index.rstrip('/')}/{name}/"
    fitting = []
    for file in _files(page):
        try:
            _, version = parse_sdist_filename(file["filename"])
        except InvalidSdistFilename:
            continue
        # An index that answers in HTML gives no dates; then the newest one that fits is taken.
        published = file.get("upload-time") or ""
        too_new = bool(as_of and published and published > as_of)
        if any(version in versions for versions in allowed) and not file.get("yanked") and not too_new:
            fitting.append((version, file))
    if not fitting:
        return None
    newest = max(fitting, key=lambda pair: pair[0])[1]
    return {**newest, "url": urllib.parse.urljoin(page, newest["url"])}


def _files(page):
    """The files that the index lists, in the form of its JSON answers (PEP 691), whichever form it answers in."""
    accept = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"
    with urllib.request.urlopen(urllib.request.Request(page, headers={"Accept": accept}), timeout=60) as answer:
        content = answer.read()
        if "json" in answer.headers.get("Content-Type", ""):
            return json.loads(content)["files"]
    links = _Links()
    links.feed(content.decode("utf-8", "replace"))
    return links.files


class _Links(html.parser.HTMLParser):
    """The anchors of an index page (PEP 503)."""

    def __init__(self):
        super().__init__()
        self.files = []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag != "a" or not found.get("href"):
            return
        url, _, fragment = found["href"].partition("#")
        kind, _, digest = fragment.partition("=")
        self.files.append(
            {
                "url": url,
                "filename": urllib.parse.unquote(url.rsplit("/", 1)[-1]),
                "hashes": {kind: digest} if digest else {},
                "yanked": "data-yanked" in found,
            }
        )


def _download(file, folder):
    with urllib.request.urlopen(file["url"], timeout=300) as answer:
        content = answer.read()
    expected = file.get("hashes", {}).get("sha256")
    if expected and hashlib.sha256(content).hexdigest() != expected:
        raise ValueError(f"{file['filename']}: the download does not have the digest that the index names")
    target = folder / file["filename"]
    target.write_bytes(content)
    return target


if __name__ == "__main__":
    main(*sys.argv[1:3])

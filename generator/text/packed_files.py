"""Checks the files of templates/ that portal nodes fill in before they are packed: a fault would show on a node alone.

Which placeholders are filled is read from the nodes' scripts: a script that names the file fills each WORD that it calls
`fill WORD` for or writes as @WORD@.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from generator.errors import GeneratorError

ANSWERS, CLUSTERS, SERVICES = "templates/efinstall.config", "templates/ef.slurm.conf", "templates/batch-service"
PLACEHOLDER = re.compile(r"@([A-Z][A-Z0-9_]*)@")
FILL = re.compile(r"^ *fill ([A-Z][A-Z0-9_]*) ", re.MULTILINE)
PROPERTY = re.compile(r"(?P<key>[^\s=:\\]+)\s*[=:]\s*(?P<value>.*?)\s*$")
SERVICE_ELEMENT = "http://www.enginframe.com/2000/EnginFrame service"
# Lines of efinstall.config that scripts, load balancer and security groups depend on. The others may change.
CONTRACT = {
    "ef.accept.eula": "true",
    "ef.product": "ENT",
    "kernel.eflicense": "@LICENSE@",
    "nice.root.dir.ui": "@PORTAL_ROOT@",
    "kernel.java.home": "@JAVA_HOME@",
    "ef.spooler.dir": "@EF_TOP@/spoolers",
    "ef.repository.dir": "@EF_TOP@/repository",
    "ef.sessions.dir": "@EF_TOP@/sessions",
    "ef.data.root.dir": "@EF_TOP@/data",
    "ef.logs.root.dir": "@EF_TOP@/logs",
    "ef.temp.root.dir": "@EF_TOP@/tmp",
    "kernel.agent.on.same.machine": "true",
    "kernel.server.tomcat.https": "true",
    "kernel.tomcat.https.port": "8443",
    "kernel.server.tomcat.https.ef.hostname": "@HOST@",
    "kernel.ef.root.context": "enginframe",
    "kernel.ef.admin.user": "efadmin",
    "kernel.ef.tomcat.user": "efnobody",
    "kernel.ef.enterprise.tcp.servers": "@SERVERS@",
    "kernel.ef.db": "other-db",
    "kernel.ef.db.url": "@DATABASE_URL@",
    "kernel.ef.db.admin.name": "@DATABASE_USER@",
    "kernel.ef.db.admin.password": "@DATABASE_PASSWORD@",
    "default.auth.mgr": "pam",
    "pam.user": "efadmin",
    "ef.jobmanager": "slurm",
    "slurm.binaries.path": "/opt/slurm/bin",
}


def check_text(name: str, content: bytes) -> str:
    """The text of a file that goes to a node; raises GeneratorError for what is not UTF-8, and for carriage returns."""
    if b"\r" in content:
        _refuse(name, _line(content, content.index(b"\r")), "there is a carriage return: save it with LF line ends")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        _refuse(name, _line(content, error.start), "this is not UTF-8 text: save the file as UTF-8")


def check_bundle(files: Mapping[str, bytes]) -> None:
    """Raise GeneratorError, with file and line, for a file of the portal nodes' bundle that they could not use."""
    texts = {
        name: check_text(name if name.startswith("templates/") else f"userdata/portal/{name}", content)
        for name, content in files.items()
    }
    for name, check in ((ANSWERS, _answers), (CLUSTERS, _clusters)):
        check(texts[name])
        _placeholders(name, texts[name], _filled(name, texts))
    _services({name: text for name, text in texts.items() if name.startswith(f"{SERVICES}/")})


def check_services_folder(folder: Path) -> None:
    """Raise GeneratorError for a file in the folder of services that would not be published, by its name."""
    for path in sorted(folder.iterdir()):
        name = path.name
        hidden = name.startswith(".")  # an editor's or the desktop's
        if not hidden and (path.is_dir() or not name.endswith(".xml") or name.startswith("test_")):
            raise GeneratorError(
                f"{SERVICES}/{name} would not be published: give it a name that ends in .xml, in lower case, and does "
                "not begin with test_, or remove it from this folder"
            )


def _filled(template: str, texts: Mapping[str, str]) -> set[str]:
    """The placeholders of a template that the nodes' scripts fill."""
    readers = [text for name, text in texts.items() if name.endswith(".sh") and template in text]
    return {word for text in readers for pattern in (FILL, PLACEHOLDER) for word in pattern.findall(text)}


def _placeholders(name: str, text: str, filled: set[str]) -> None:
    found = {word for _, line in _lines(text) for word in PLACEHOLDER.findall(line)}
    for number, line in _lines(text):
        for word in PLACEHOLDER.findall(line):
            if word not in filled:
                known = ", ".join(f"@{one}@" for one in sorted(filled))
                _refuse(name, number, f"no script fills @{word}@: write the value itself, or one of {known}")
    for word in sorted(filled - found):
        _refuse(
            name,
            0,
            f"@{word}@ is missing, and a script of the portal nodes fills it: restore its line from the repository",
        )


def _answers(text: str) -> None:
    seen: dict[str, tuple[int, str]] = {}
    for number, line in _lines(text):
        parts = PROPERTY.match(line.strip())
        if not parts or line.endswith("\\") or not line.isascii():
            _refuse(ANSWERS, number, "this is not `key = value` in plain ASCII on one line: correct it")
        key, value = parts["key"], parts["value"]
        if key in seen:
            _refuse(ANSWERS, number, f"{key} is already in line {seen[key][0]}: remove one of them")
        seen[key] = (number, value)
    for key, wanted in CONTRACT.items():
        number, value = seen.get(key, (0, ""))
        if not number:
            _refuse(ANSWERS, 0, f"the line `{key} = {wanted}` is missing, and the portal nodes depend on it: add it")
        if value != wanted:
            _refuse(ANSWERS, number, f"{key} must be {wanted}, because the portal nodes depend on it: correct it")


def _clusters(text: str) -> None:
    lines = text.split("\n")
    if not lines[0].startswith("# BEGIN clusters"):
        _refuse(CLUSTERS, 1, "the first line must begin with `# BEGIN clusters`: a node finds its part by it")
    if lines[-2:] != ["# END clusters", ""]:
        _refuse(
            CLUSTERS, len(lines), "the last line must be `# END clusters`, with a line end: a node finds its part by it"
        )
    for number, line in _lines(text):
        if not re.match(r"[A-Z][A-Z0-9_@]*=", line):
            _refuse(CLUSTERS, number, 'this is not NAME="value": correct it')
        if "@NAME@" in line and "@ID@" not in line:
            _refuse(
                CLUSTERS,
                number,
                "@NAME@ is filled only in lines with @ID@, one for each cluster: add that, or remove it",
            )
        if line.startswith("SLURM_CLUSTER_LABEL="):
            _refuse(CLUSTERS, number, "SLURM_CLUSTER_LABEL is for one cluster alone: write SLURM_CLUSTER_@ID@_LABEL")


def _services(texts: Mapping[str, str]) -> None:
    owners: dict[str, str] = {}
    for name, text in texts.items():
        found = _service_ids(name, text)
        if not found:
            _refuse(name, 0, "there is no ef:service with an id in it: add one, or remove the file")
        for number, service in found:
            if service in owners:
                _refuse(
                    name, number, f"the service {service} is in {owners[service]} already: give it an id of its own"
                )
            owners[service] = name


def _service_ids(name: str, text: str) -> list[tuple[int, str]]:
    """Line and id of each service in an XML text."""
    found: list[tuple[int, str]] = []

    def start(element: str, attributes: dict[str, str]) -> None:
        if element == SERVICE_ELEMENT and attributes.get("id"):
            found.append((parser.CurrentLineNumber, attributes["id"]))

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        _refuse(name, error.lineno, f"this is not well-formed XML ({expat.ErrorString(error.code)}): correct it")
    return found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is neither blank nor a comment."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith(("#", "!")):
            yield number, line


def _line(content: bytes, position: int) -> int:
    return content[:position].count(b"\n") + 1


def _refuse(name: str, line: int, sentence: str) -> NoReturn:
    raise GeneratorError(f"{name}{f', line {line}' if line else ''}: {sentence}")

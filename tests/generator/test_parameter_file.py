"""Parameter files: the forms that the AWS command line takes, and for each fault a sentence that names its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generator.errors import GeneratorError
from generator.form import parameter_file

PAIR = '{"ParameterKey": "…", "ParameterValue": "…"}'


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("answers.json")


def refused(path: Path) -> str:
    with pytest.raises(GeneratorError) as error:
        parameter_file.read(path)
    assert "\n" not in str(error.value) and str(error.value).endswith(".")
    return str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        '[{"ParameterKey": "KeyName", "ParameterValue": "mine"}, {"ParameterKey": "Waf", "ParameterValue": "no"}]',
        '{"Parameters": {"KeyName": "mine", "Waf": "no"}}',
        '{"Parameters": {"KeyName": "mine", "Waf": "no"}, "Tags": {"Owner": "me"}, "StackPolicy": {}}',
        '["KeyName=mine", "Waf=no"]',
        '[{"ParameterKey": "KeyName", "ParameterValue": "mine", "UsePreviousValue": false}, "Waf=no"]',
        '[\r\n  "KeyName=mine",\r\n  "Waf=no"\r\n]\r\n',
    ],
    ids=["create-stack", "deploy and CodePipeline", "with tags", "NAME=answer", "no previous value", "Windows"],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "with a byte order mark"])
def test_common_forms_are_read(file: Path, mark: str, text: str) -> None:
    file.write_text(mark + text, encoding="utf-8", newline="")
    assert parameter_file.read(file) == {"KeyName": "mine", "Waf": "no"}


@pytest.mark.parametrize("text", ["[]", '{"Parameters": {}}'])
def test_no_answers_are_answers(file: Path, text: str) -> None:
    file.write_text(text)
    assert parameter_file.read(file) == {}


def test_an_answer_may_hold_equals_signs_and_be_blank(file: Path) -> None:
    file.write_text(json.dumps(["DirectoryReader=CN=reader,DC=example", "KeyName="]))
    assert parameter_file.read(file) == {"DirectoryReader": "CN=reader,DC=example", "KeyName": ""}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", f" is empty: write a list of {PAIR}."),
        (" \n", f" is empty: write a list of {PAIR}."),
        ("KeyName=mine\nWaf=no\n", ' is not JSON but lines of NAME=answer: write a list, ["NAME=answer", …].'),
        ("# mine\nKeyName=mine\n", ' is not JSON but lines of NAME=answer: write a list, ["NAME=answer", …].'),
        ("KeyName: mine\n", f" is YAML: write it as JSON, a list of {PAIR}."),
        ("- ParameterKey: KeyName\n", f" is YAML: write it as JSON, a list of {PAIR}."),
        ("---\nParameters:\n", f" is YAML: write it as JSON, a list of {PAIR}."),
        ('["A=1"\n  "B=2"]', ", line 2, column 3: this is not JSON (Expecting ',' delimiter): correct it."),
        ("[" * 100_000, f" is nested too deeply: write a list of {PAIR}."),
        ('{"KeyName": "mine"}', ' is an object without "Parameters": write {"Parameters": {"NAME": "answer", …}}.'),
        ('{"Parameters": ["A=1"]}', ' is an object without "Parameters": write {"Parameters": {"NAME": "answer", …}}.'),
        ('"KeyName"', f" holds a text: write a list of {PAIR}."),
        ("null", f" holds null: write a list of {PAIR}."),
    ],
)
def test_a_file_of_another_form_is_recognized(file: Path, text: str, sentence: str) -> None:
    file.write_text(text, encoding="utf-8")
    assert refused(file) == f"{file}{sentence}"


@pytest.mark.parametrize(
    "text",
    ['["A=1", ]', '["A=1",\n]', '{"Parameters": {"A": "1",}}', '[{"ParameterKey": "A", "ParameterValue": "1", }]'],
)
def test_a_comma_too_many_is_named_with_its_line(file: Path, text: str) -> None:
    file.write_text(text)
    said = refused(file)
    assert said.startswith(f"{file}, line ")
    assert said.endswith("there is a comma in front of the closing bracket: take it out.")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('["A=1", {"ParameterKey": "B"}]', "item 2 (B) lacks ParameterValue: add it."),
        ('[{"ParameterValue": "1"}]', "item 1 lacks ParameterKey: add it."),
        ('["A=1", "B=2", {}]', "item 3 lacks ParameterKey: add it."),
        (
            '[{"Parameterkey": "A", "ParameterValue": "1"}]',
            "item 1 has Parameterkey, which is neither ParameterKey nor ParameterValue: correct it.",
        ),
        ('["A=1", 2]', f"item 2 is a number: write {PAIR}."),
        ('[["A=1"]]', f"item 1 is a list: write {PAIR}."),
        ('["A"]', 'item 1 is a text without "=": write "NAME=answer".'),
        ('["=1"]', 'item 1 is a text without "=": write "NAME=answer".'),
        (
            '[{"ParameterKey": 1, "ParameterValue": "1"}]',
            "ParameterKey of item 1 is a number: write a parameter's name, in quotes.",
        ),
        (
            '[{"ParameterKey": "A", "UsePreviousValue": true}]',
            "item 1 (A) has UsePreviousValue, and the old answer is not known here: give ParameterValue.",
        ),
        (
            '[{"ParameterKey": "A", "ParameterValue": 12}]',
            "the answer to A is a number: write it as a text, in quotes.",
        ),
        ('{"Parameters": {"A": true}}', "the answer to A is true or false: write it as a text, in quotes."),
        ('{"Parameters": {"A": null}}', "the answer to A is null: write it as a text, in quotes."),
        ('{"Parameters": {"A": ["x"]}}', "the answer to A is a list: write it as a text, in quotes."),
        ('{"Parameters": {}, "Params": {}}', 'Params stands beside "Parameters": put it inside, or take it out.'),
    ],
)
def test_a_wrong_item_is_named(file: Path, text: str, sentence: str) -> None:
    file.write_text(text)
    assert refused(file) == f"{file}: {sentence}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('["A=1", "B=1", "A=1"]', "A is answered twice, by item 1 and item 3: keep one of them."),
        (
            '[{"ParameterKey": "A", "ParameterValue": "1", "ParameterValue": "2"}]',
            "item 1 has ParameterValue twice: keep one of them.",
        ),
        ('{"Parameters": {"A": "1", "A": "2"}}', "A stands twice in one object: keep one of them."),
        ('{"Parameters": {}, "Parameters": {"A": "2"}}', "Parameters stands twice in one object: keep one of them."),
    ],
)
def test_what_stands_twice_is_refused(file: Path, text: str, sentence: str) -> None:
    file.write_text(text)
    assert refused(file) == f"{file}: {sentence}"


def test_a_file_that_does_not_exist_is_not_called_malformed(file: Path) -> None:
    assert refused(file) == f"{file} does not exist: name a parameter file, such as parameters/minimal.json."


def test_a_folder_cannot_be_read(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"{tmp_path} cannot be read (Is a directory): name a parameter file that can."


def test_a_file_that_may_not_be_read_is_not_called_malformed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(self: Path, **_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", denied)
    assert refused(file) == f"{file} cannot be read (Permission denied): name a parameter file that can."


@pytest.mark.parametrize("content", ['["A=é"]'.encode("latin-1"), '["A=1"]'.encode("utf-16")])
def test_another_encoding_than_utf_8_is_named(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert refused(file) == f"{file} is not UTF-8 text: save it as UTF-8."

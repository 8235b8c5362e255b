"""Every event is answered exactly once and in time, and nothing private is logged."""

import contextlib
import json
import logging
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common import answer
from common.answer import Fault, custom_resource


class Context:
    log_group_name, log_stream_name = "/aws/lambda/tested", "stream"

    def __init__(self, seconds: float = 60) -> None:
        self.end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self.end - time.monotonic()) * 1000)


@custom_resource
def good(event: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "id-1", {"Number": 7}


def raising(error: BaseException) -> Any:
    @custom_resource
    def bad(event: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        raise error

    return bad


def test_success_carries_id_data_and_log(cloudformation: Any) -> None:
    got = cloudformation.send(good, "Create", {"A": "1"})
    assert got["Status"] == "SUCCESS" and got["PhysicalResourceId"] == "id-1" and got["Data"] == {"Number": "7"}
    assert got["RequestId"] == "request" and got["LogicalResourceId"] == "Tested"
    assert "/aws/lambda/tested" in got["Reason"] and "[$LATEST]" in got["Reason"]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Fault("Key pair x is missing: make it."), "Key pair x is missing: make it."),
        (ValueError("boom"), "Unexpected ValueError: boom"),
        (SystemExit(3), "Unexpected SystemExit: 3"),
        (KeyboardInterrupt(), "Unexpected KeyboardInterrupt"),
        (RecursionError("deep"), "Unexpected RecursionError: deep"),
    ],
)
def test_any_exception_is_answered_with_its_cause(cloudformation: Any, error: BaseException, sentence: str) -> None:
    got = cloudformation.send(raising(error), "Create", {})
    assert got["Status"] == "FAILED" and got["Reason"].startswith(sentence) and "stream" in got["Reason"]
    assert got["PhysicalResourceId"] == "not-created" and "Data" not in got


def test_a_failed_update_keeps_the_physical_id(cloudformation: Any) -> None:
    got = cloudformation.send(raising(Fault("No.")), "Update", {}, PhysicalResourceId="id-1")
    assert got["PhysicalResourceId"] == "id-1"


def test_a_wrong_result_of_the_work_is_answered(cloudformation: Any) -> None:
    nothing: Any = None
    assert cloudformation.send(custom_resource(lambda event: nothing), "Create", {})["Status"] == "FAILED"


@pytest.mark.parametrize("request_type", ["Read", "", None, 7, ["Create"]])
def test_an_unknown_request_type_is_answered(cloudformation: Any, request_type: Any) -> None:
    got = cloudformation.send(good, request_type, {})
    assert got["Status"] == "FAILED" and "RequestType" in got["Reason"]


@pytest.mark.parametrize("event", [None, [], "text", {}, {"ResponseURL": None}, {"ResponseURL": "file:///etc/passwd"}])
def test_what_cannot_be_answered_is_logged(cloudformation: Any, caplog: Any, event: Any) -> None:
    good(event, Context())
    assert not cloudformation.answers and "ResponseURL" in caplog.text


def test_a_long_reason_is_cut_but_not_the_way_to_the_log(cloudformation: Any) -> None:
    for text in ("x" * 9000, "\u20ac\n" * 9000):
        got = cloudformation.send(raising(Fault(text)), "Create", {}, StackId="s" * 9000, RequestId={"no": "text"})
        assert got["Reason"].endswith("[$LATEST]0123456789abcdef)") and len(got["Reason"]) > 400


def test_work_that_hangs_is_ended_before_the_lambda_is(cloudformation: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(answer, "MARGIN", 59.8)
    went_on = []

    @custom_resource
    def hangs(event: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        try:
            threading.Event().wait(30)
        except Exception:
            went_on.append("a broad except must not swallow the alarm")
        went_on.append("worked on")
        return "id", {}

    hangs(cloudformation.event("Update", {}, PhysicalResourceId="held"), Context(60))
    assert [got["Status"] for got in cloudformation.answers] == ["FAILED"] and not went_on
    assert (
        cloudformation.answers[0]["PhysicalResourceId"] == "held" and "in time" in cloudformation.answers[0]["Reason"]
    )


def test_the_alarm_is_off_after_the_work(cloudformation: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(answer, "MARGIN", 59.9)
    good(cloudformation.event("Create", {}), Context(60))
    time.sleep(0.2)
    assert len(cloudformation.answers) == 1


def test_the_answer_is_sent_again_when_refused(cloudformation: Any, monkeypatch: Any, caplog: Any) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    cloudformation.failures = 3
    assert cloudformation.send(good, "Create", {})["Status"] == "SUCCESS"
    assert pauses == [1, 2, 4] and "TOPSECRET" not in caplog.text


def test_sending_gives_up_within_the_time_left(cloudformation: Any, monkeypatch: Any, caplog: Any) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    cloudformation.failures = 99
    good(cloudformation.event("Create", {}), Context(60))
    assert len(pauses) < 99 and "could not be sent" in caplog.text
    pauses.clear()
    good(cloudformation.event("Create", {}), Context(4))
    assert sum(pauses) < 4


class Clock:
    """A clock that runs by what is waited for alone: a URL that takes `slow` seconds to answer, and pauses."""

    log_group_name, log_stream_name = Context.log_group_name, Context.log_stream_name

    def __init__(self, seconds: float, slow: float) -> None:
        self.left, self.slow, self.tries = seconds, slow, 0

    def get_remaining_time_in_millis(self) -> int:
        return int(self.left * 1000)

    def sleep(self, seconds: float) -> None:
        self.left -= seconds

    def urlopen(self, request: object, timeout: float) -> Any:
        self.tries += 1
        self.left -= min(self.slow, timeout)
        if self.slow > timeout:
            raise TimeoutError("timed out")
        return contextlib.nullcontext()


@pytest.mark.parametrize("seconds", [600, 60, 12, 8, 3, 1.5])
@pytest.mark.parametrize("slow", [1e9, 12, 9, 0.1])
def test_a_slow_answer_never_overruns_the_functions_time(monkeypatch: Any, seconds: float, slow: float) -> None:
    clock = Clock(seconds, slow)
    monkeypatch.setattr(urllib.request, "urlopen", clock.urlopen)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    answer.send("https://example.com/", b"{}", clock)
    assert clock.left >= 1 and clock.tries


def test_without_time_nothing_is_tried(monkeypatch: Any, caplog: Any) -> None:
    clock = Clock(1, 0)
    monkeypatch.setattr(urllib.request, "urlopen", clock.urlopen)
    answer.send("https://example.com/", b"{}", clock)
    assert clock.tries == 0 and "could not be sent" in caplog.text


@pytest.mark.parametrize(
    "result",
    [
        pytest.param(("i" * 1025, {}), id="long id"),
        pytest.param(("\u20ac" * 400, {}), id="id of many bytes"),
        pytest.param(("i" * 200_000, {}), id="huge id"),
        pytest.param(("id", {"Value": "x" * 4000}), id="long value"),
        pytest.param(("id", {f"Value{number}": "x" * 90 for number in range(40)}), id="many values"),
    ],
)
def test_a_result_that_cloudformation_would_not_take_is_a_fault(cloudformation: Any, result: Any) -> None:
    got = cloudformation.send(custom_resource(lambda event: result), "Update", {}, PhysicalResourceId="held")
    assert (got["Status"], got["PhysicalResourceId"]) == ("FAILED", "held") and "Data" not in got
    assert "more than CloudFormation takes: " in got["Reason"]


def test_the_largest_result_is_answered(cloudformation: Any) -> None:
    @custom_resource
    def large(event: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return "i" * 1024, {"Value": "x" * 1500}

    assert cloudformation.send(large, "Create", {})["Status"] == "SUCCESS"


@pytest.mark.parametrize("known", ["", "i" * 200_000])
def test_an_answer_is_never_larger_than_cloudformation_takes(cloudformation: Any, known: str) -> None:
    long = dict.fromkeys(("StackId", "RequestId", "LogicalResourceId"), "\u20ac" * 9000)
    got = cloudformation.send(raising(Fault("x" * 9000)), "Update", {}, PhysicalResourceId=known, **long)
    assert len(json.dumps(got)) <= 4096


def test_only_names_are_logged(cloudformation: Any, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    cloudformation.send(good, "Create", {"Password": "hunter2", "Nested": {"Key": "hunter3"}}, Token="hunter4")
    cloudformation.send(raising(ValueError("boom")), "Create", {"Password": "hunter2"})
    assert "Password" in caplog.text and "Tested" in caplog.text
    assert "hunter" not in caplog.text and "TOPSECRET" not in caplog.text


def test_the_answer_passes_over_a_real_connection() -> None:
    got: list[tuple[dict[str, Any], str | None]] = []

    class Server(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((json.loads(body), self.headers.get("Content-Type")))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/x?signature=y"
    good({"RequestType": "Create", "ResponseURL": url, "ResourceProperties": {}}, Context())
    server.shutdown()
    assert [answered["Status"] for answered, _ in got] == ["SUCCESS"]
    assert got[0][1] in ("", None), "the presigned URL is for a PUT without content type"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=1000, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["RequestType", "StackId", "RequestId", "LogicalResourceId", "PhysicalResourceId"]),
        JSON | st.sampled_from(["Create", "Update", "Delete"]),
    ),
    JSON,
    st.sampled_from([None, Fault("No."), ValueError("\ud800" * 3000), SystemExit()]),
)
def test_any_event_is_answered_once(cloudformation: Any, event: dict[str, Any], properties: Any, error: Any) -> None:
    cloudformation.answers.clear()
    handler = raising(error) if error else good
    handler({**event, "ResponseURL": "https://example.com/", "ResourceProperties": properties}, Context())
    assert len(cloudformation.answers) == 1

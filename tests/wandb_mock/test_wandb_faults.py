"""Faults on request, and that clients get over those that pass."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest
from wandb_http import UPSERT, Caller

from sandbox.wandb_mock import Fault, FaultKind, WandbServer
from sandbox.wandb_mock.faults import Faults

RUN = {"name": "one", "project": "demo", "entity": "team"}


@pytest.mark.parametrize(
    ("kind", "status"), [(FaultKind.TOO_MANY, 429), (FaultKind.SERVER_ERROR, 500), (FaultKind.WRONG_KEY, 401)]
)
def test_a_fault_is_met_so_many_times(server: WandbServer, caller: Caller, kind: FaultKind, status: int) -> None:
    server.faults.inject(Fault(kind, "UpsertBucket", times=2))
    assert [caller.graphql(UPSERT, **RUN).status_code for _ in range(3)] == [status, status, 200]
    assert [call.fault for call in server.calls] == [kind.value, kind.value, ""]
    assert server.problems == []


def test_only_the_named_operation_meets_it(server: WandbServer, caller: Caller) -> None:
    server.faults.inject(Fault(FaultKind.SERVER_ERROR, "file_stream"))
    caller.begin()
    assert caller.stream().status_code == 500


def test_a_slow_answer_is_a_good_one(server: WandbServer, caller: Caller) -> None:
    server.faults.inject(Fault(FaultKind.SLOW, seconds=0.3))
    began = time.monotonic()
    caller.begin()
    assert time.monotonic() - began >= 0.3


def test_a_reset_leaves_the_client_without_an_answer(server: WandbServer, caller: Caller) -> None:
    server.faults.inject(Fault(FaultKind.RESET, times=1))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        caller.graphql(UPSERT, **RUN)
    assert caller.graphql(UPSERT, **RUN).status_code == 200
    assert (server.calls[0].status, server.calls[0].fault) == (0, "reset")


def test_faults_are_met_in_order_and_can_be_cleared() -> None:
    faults = Faults([Fault(FaultKind.TOO_MANY, times=1), Fault(FaultKind.RESET)])
    met = [faults.take("upload"), faults.take("upload")]
    assert [fault.kind for fault in met if fault] == [FaultKind.TOO_MANY, FaultKind.RESET]
    faults.clear()
    assert faults.take("upload") is None


def test_a_server_may_begin_with_faults(tmp_path: Path) -> None:
    made = WandbServer(tmp_path / "s.db", port=0, faults=[Fault(FaultKind.SERVER_ERROR)])
    with made as server, Caller(server) as caller:
        assert caller.graphql("{ viewer { id } }").status_code == 500
    made.close()

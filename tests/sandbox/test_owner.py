from __future__ import annotations

import dataclasses
import subprocess
import sys

from sandbox import owner


def test_this_program_is_not_gone() -> None:
    assert not owner.current().is_gone()


def test_the_token_can_be_read_back_from_a_longer_name() -> None:
    me = owner.current()
    assert owner.parse(f"{me.token}-12-suffix") == me
    assert owner.parse("sandbox-review") is None


def test_a_program_that_ended_is_gone() -> None:
    command = [sys.executable, "-c", "from sandbox import owner; print(owner.current().token)"]
    token = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    ended = owner.parse(token)
    assert ended is not None and ended.is_gone()


def test_another_program_with_the_same_pid_does_not_count() -> None:
    assert dataclasses.replace(owner.current(), start_ticks=1).is_gone()


def test_after_a_reboot_all_are_gone() -> None:
    assert dataclasses.replace(owner.current(), boot="0" * 12).is_gone()


def test_programs_of_another_pid_namespace_cannot_be_judged() -> None:
    assert not dataclasses.replace(owner.current(), pid_namespace=1, pid=2**22 + 1).is_gone()

"""Which sources a review has, in which order, and when another look is worth it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.asset_sources import closer_looks, nearer, sources
from runner.evidence import Evidence, HubRequest
from runner.hub_requests import summarise
from runner.missing_assets import how_to_add
from runner.prefetch import Prefetch, named_assets
from runner.settings import SettingsError, load_settings
from runner.submissions.model import Submission
from runner.vocabulary import Provided, StageName, Status
from sandbox.assets import AssetStore
from sandbox.hub import HubRequest as Recorded
from sandbox.hub import Provided as Answer
from sandbox.mirror.take_in import take_in


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    return folder


def submission(text: str) -> Submission:
    return Submission(id="s", source="here", files={"src/train.py": text}, runs=())


def request(kind: str, asset_id: str, provided: Provided = Provided.STAND_IN) -> HubRequest:
    return HubRequest(kind=kind, id=asset_id, provided=provided)  # type: ignore[arg-type]


def test_stand_ins_come_first_then_wide_ones_then_the_mirror_where_there_is_one(tmp_path: Path, copy: Path) -> None:
    words = [f"cache_dir={tmp_path}"]
    assert [each.name for each in sources(load_settings(words))] == ["stand-ins (small)", "stand-ins (wide)"]
    take_in(copy, tmp_path / "mirror", "model", "gpt2")
    names = [each.name for each in sources(load_settings(words))]
    assert names[2] == f"mirror {tmp_path / 'mirror'}, then stand-ins (wide)"


def test_the_mirror_comes_first_where_it_is_asked_for(tmp_path: Path, copy: Path) -> None:
    with pytest.raises(SettingsError, match="assets add"):
        load_settings(["assets=mirror", f"cache_dir={tmp_path}"])
    take_in(copy, tmp_path / "elsewhere", "model", "gpt2")
    chosen = sources(
        load_settings(["assets=mirror", f"assets.mirror={tmp_path / 'elsewhere'}", f"cache_dir={tmp_path}"])
    )
    gpt2 = chosen[0].find("model", "gpt2")
    bert = chosen[0].find("model", "bert-base-uncased")
    assert gpt2 is not None and bert is not None and gpt2.id == "openai-community/gpt2"
    assert (chosen[0].provided(gpt2), chosen[0].provided(bert)) == (Answer.MIRROR, Answer.STANDIN)


def test_live_asks_nobody_before_it_is_asked(tmp_path: Path) -> None:
    (live,) = sources(load_settings(["assets=live", f"cache_dir={tmp_path}"]))
    assert live.prepare([("model", "gpt2")]) == []


def test_another_look_is_taken_only_where_it_shows_something_else(tmp_path: Path, copy: Path) -> None:
    take_in(copy, tmp_path / "mirror", "dataset", "gsm8k")
    small, wide, mirror = sources(load_settings([f"cache_dir={tmp_path}"]))
    model, rows = request("model", "openai-community/gpt2"), request("dataset", "openai/gsm8k")
    assert nearer([wide, mirror], small, [model]) is wide
    assert nearer([wide, mirror], small, [rows]) is mirror
    assert nearer([mirror], wide, [model]) is None
    assert nearer([wide, mirror], small, [request("dataset", "nyu-mll/glue")]) is None
    assert nearer([wide], small, [request("model", "no/such", Provided.MISSING)]) is None


def test_what_was_refused_is_looked_for_in_the_mirror(tmp_path: Path, copy: Path) -> None:
    take_in(copy, tmp_path / "mirror", "model", "somebody/own")
    small, wide, mirror = sources(load_settings([f"cache_dir={tmp_path}"]))
    own, other = (request("model", name, Provided.MISSING) for name in ("somebody/own", "somebody/other"))
    assert nearer([wide, mirror], small, [own]) is mirror
    assert nearer([wide, mirror], small, [other]) is None
    gated = request("model", "meta-llama/Llama-2-7b-hf", Provided.MISSING)
    take_in(copy, tmp_path / "mirror", "model", gated.id)
    assert nearer([wide, mirror], small, [gated]) is None
    model = request("model", "openai-community/gpt2")
    later = {"wide": wide, "mirror": mirror}

    def looks(status: Status, *hub: HubRequest) -> list[str]:
        evidence = Evidence(stage=StageName.TRIAL, status=status, hub=list(hub))
        return [name for name, _ in closer_looks(later, small, evidence)]

    assert looks(Status.FAILED, own, model) == ["mirror"]
    assert looks(Status.FAILED, other, model) == []
    assert looks(Status.FAILED, model) == looks(Status.OK, other, model) == ["wide"]


def recorded(provided: Answer, action: str = "resolve", detail: str = "") -> Recorded:
    return Recorded(0, 0, "GET", "model", "owner/tiny", "owner/tiny", "main", action, "x", 200, provided, detail)


def test_a_refusal_stands_until_a_file_is_served(store: AssetStore) -> None:
    gated, described = recorded(Answer.GATED), recorded(Answer.STANDIN, "info")
    (line,) = summarise([gated, described], store)
    assert (line.provided, line.reason, line.requests) == (Provided.MISSING, "gated", 2)
    (line,) = summarise([gated, described, recorded(Answer.STANDIN)], store)
    assert (line.provided, line.reason) == (Provided.STAND_IN, "")
    (line,) = summarise([recorded(Answer.INFRASTRUCTURE, detail="the generator broke")], store)
    assert (line.reason, line.detail) == ("infrastructure", "the generator broke")


def asked_of(kind: str, name: str, path: str = "x", revision: str = "main", status: int = 200) -> Recorded:
    return Recorded(0, 0, "GET", kind, name, name, revision, "resolve", path, status, Answer.STANDIN)


def test_what_a_stand_in_lacks_of_the_real_asset_is_summed_up(tmp_path: Path) -> None:
    source = AssetStore(tmp_path)
    (glue,) = summarise([asked_of("dataset", "nyu-mll/glue")], source)
    assert (4129, 67349) in glue.rows and all(served < true for served, true in glue.rows)
    assert (glue.configs, glue.lacking) == ([], [])
    (emotions,) = summarise([asked_of("dataset", "google-research-datasets/go_emotions")], source)
    assert emotions.configs == ["simplified"]
    probed = [
        asked_of("model", "openai-community/gpt2", "config.json"),
        asked_of("model", "openai-community/gpt2", "pytorch_model.bin", status=404),
        asked_of("model", "openai-community/gpt2", "config.json", "step3000", status=404),
    ]
    (model,) = summarise(probed, source)
    assert model.lacking == ["pytorch_model.bin", "step3000", "config.json"]
    assert (model.provided, model.rows, model.configs) == (Provided.STAND_IN, [], [])


def test_what_can_be_added_is_said_with_the_command() -> None:
    told = how_to_add([request("model", "someone/model"), request("dataset", "someone/rows")])
    assert "sandbox-review assets add someone/model;" in told
    assert "assets add someone/rows --kind dataset" in told and "assets=mirror" in told
    assert how_to_add([request("model", "Llama-2-7B"), request("model", "a/b; rm -rf /")]) == ""


def test_named_assets_are_found_by_any_name(store: AssetStore) -> None:
    found = named_assets(submission('name = "Tiny-Model"\nload("rows")\n# owner/tinyx\n'), store)
    assert sorted(found) == [("dataset", "owner/rows"), ("model", "owner/tiny")]


def test_a_closed_prefetch_has_ended(store: AssetStore) -> None:
    prefetch = Prefetch(submission('"tiny-model"'), store)
    prefetch.close()
    prefetch.wait()
    assert not prefetch.problem

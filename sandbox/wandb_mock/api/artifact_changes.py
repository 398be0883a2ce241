"""Mutations of artifacts. Logging one: create, announce a manifest, announce files, upload, commit."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from sandbox.wandb_mock import manifests
from sandbox.wandb_mock.api.artifacts import type_node
from sandbox.wandb_mock.api.context import Context, Fields, Info, context, page
from sandbox.wandb_mock.api.files import check_file_name
from sandbox.wandb_mock.api.run_changes import named_run
from sandbox.wandb_mock.names import json_object, node_number
from sandbox.wandb_mock.refusal import RefusedError
from sandbox.wandb_mock.store.rows import Artifact, Project


def _home(of: Context, given: dict[str, Any]) -> Project:
    owner, project = given.get("entityName") or of.entity, given.get("projectName") or "uncategorized"
    of.touched |= {"entity": owner, "project": project}
    return of.store.runs.make_project(owner, project)


def create_type(_: Any, info: Info, **arguments: Any) -> dict[str, Any]:
    """Types come into being with their first artifact; this only answers as if."""
    return {"artifactType": type_node(_home(context(info), arguments["input"]), arguments["input"]["name"])}


def create(_: Any, info: Info, **arguments: Any) -> dict[str, Any]:
    """A pending version, or the committed one that has the same content, if the client allows that."""
    given, of = arguments["input"], context(info)
    names = given.get("artifactCollectionNames") or [given.get("artifactCollectionName")]
    if not names[0] or not given.get("artifactTypeName"):
        raise RefusedError(400, "an artifact needs a name and a type")
    project = _home(of, given)
    store = of.store
    client_id = given.get("sequenceClientID")
    collection = store.artifacts.make_collection(project.id, given["artifactTypeName"], names[0], client_id)
    run = named_run(of, given) if given.get("runName") else None
    digest = given.get("digest") or ""
    aliases = [alias["alias"] for alias in given.get("aliases") or []]
    if given.get("enableDigestDeduplication"):
        for known in store.artifacts.versions(collection.id):
            if known.digest == digest:
                for alias in aliases:
                    store.artifacts.set_alias(collection.id, alias, known.id)
                if run is not None:
                    store.artifacts.use(run.id, known.id, "output")
                return {"artifact": known}
    artifact = store.artifacts.add(
        collection,
        digest=digest,
        description=given.get("description"),
        metadata=json.dumps(json_object(given.get("metadata"), "metadata")),
        tags=json.dumps([tag["tagName"] for tag in given.get("tags") or []]),
        client_id=given.get("clientID"),
        history_step=_whole(given.get("historyStep")),
        created_by=run.id if run else None,
        wanted_aliases="\n".join(aliases),
    )
    if run is not None:
        store.artifacts.use(run.id, artifact.id, "output")
    return {"artifact": artifact}


def _whole(value: Any) -> int | None:
    """A 64-bit number, which may come as text."""
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, str) and value.lstrip("-").isdigit() and len(value) < 19:
        return int(value)
    raise RefusedError(400, f"not a whole number: {value!r}")


def _artifact(info: Info, node: str) -> Artifact:
    return context(info).store.artifacts.get(node_number("Artifact", node))


def create_manifest(_: Any, info: Info, **arguments: Any) -> dict[str, Any]:
    given = arguments["input"]
    artifact = _artifact(info, given["artifactID"])
    manifest = context(info).store.artifacts.add_manifest(
        artifact.id, given["name"], given["digest"], given.get("type") or "FULL"
    )
    return {"artifactManifest": manifest}


def update_manifest(_: Any, info: Info, **arguments: Any) -> dict[str, Any]:
    given, store = arguments["input"], context(info).store
    manifest = store.artifacts.manifest(node_number("ArtifactManifest", given["artifactManifestID"]))
    return {"artifactManifest": store.artifacts.set_manifest_digest(manifest.id, given.get("digest"))}


def create_files(_: Any, info: Info, **arguments: Any) -> dict[str, Any]:
    """Where to upload each file to. Multipart uploads are never offered; clients then upload in one piece."""
    store = context(info).store
    nodes = []
    for spec in arguments["input"]["artifactFiles"]:
        artifact = _artifact(info, spec["artifactID"])
        name = check_file_name(spec["name"])
        number = store.artifacts.add_file(artifact.id, name, spec.get("md5"))
        address = manifests.content_address(artifact.id, name, spec.get("md5"))
        file = store.files.describe(number, "artifact", name, address)
        nodes.append(replace(file, artifact=artifact))
    return {"files": page(nodes, uploadHeaders=[])}


def commit(_: Any, info: Info, **arguments: Any) -> dict[str, Any]:
    artifact = _artifact(info, arguments["input"]["artifactID"])
    return {"artifact": context(info).store.artifacts.commit(artifact.id)}


def use(_: Any, info: Info, **arguments: Any) -> dict[str, Any]:
    given, of = arguments["input"], context(info)
    artifact = _artifact(info, given["artifactID"])
    of.store.artifacts.use(named_run(of, given).id, artifact.id, "input")
    return {"artifact": artifact}


def update(_: Any, info: Info, **arguments: Any) -> dict[str, Any]:
    given, store = arguments["input"], context(info).store
    artifact = _artifact(info, given["artifactID"])
    metadata = given.get("metadata")
    text = None if metadata is None else json.dumps(json_object(metadata, "metadata"))
    tags = dict.fromkeys(json.loads(artifact.tags)) | dict.fromkeys(t["tagName"] for t in given.get("tagsToAdd") or [])
    for tag in given.get("tagsToDelete") or []:
        tags.pop(tag["tagName"], None)
    if given.get("aliases") is not None:
        for alias in store.artifacts.aliases(artifact):
            if alias.alias != f"v{artifact.version_index}":
                store.artifacts.drop_alias(artifact.id, alias.alias)
        for wanted in given["aliases"]:
            store.artifacts.set_alias(artifact.collection_id, wanted["alias"], artifact.id)
    return {"artifact": store.artifacts.update(artifact.id, given.get("description"), text, json.dumps(list(tags)))}


def delete(_: Any, info: Info, **arguments: Any) -> dict[str, Any]:
    """An artifact with aliases is deleted only if the client says so."""
    given, store = arguments["input"], context(info).store
    artifact = _artifact(info, given["artifactID"])
    named = [alias for alias in store.artifacts.aliases(artifact) if alias.alias != f"v{artifact.version_index}"]
    if named and not given.get("deleteAliases"):
        raise RefusedError(400, "cannot delete an artifact that has aliases")
    return {"artifact": store.artifacts.delete(artifact.id)}


def add_aliases(_: Any, info: Info, **arguments: Any) -> dict[str, bool]:
    artifact = _artifact(info, arguments["input"]["artifactID"])
    for wanted in arguments["input"]["aliases"]:
        context(info).store.artifacts.set_alias(artifact.collection_id, wanted["alias"], artifact.id)
    return {"success": True}


def delete_aliases(_: Any, info: Info, **arguments: Any) -> dict[str, bool]:
    artifact = _artifact(info, arguments["input"]["artifactID"])
    for unwanted in arguments["input"]["aliases"]:
        context(info).store.artifacts.drop_alias(artifact.id, unwanted["alias"])
    return {"success": True}


def complete_multipart(_: Any, info: Info, **arguments: Any) -> None:
    raise RefusedError(400, "no multipart upload was begun")


FIELDS: Fields = {
    "Mutation": {
        "createArtifactType": create_type,
        "createArtifact": create,
        "createArtifactManifest": create_manifest,
        "updateArtifactManifest": update_manifest,
        "createArtifactFiles": create_files,
        "completeMultipartUploadArtifact": complete_multipart,
        "commitArtifact": commit,
        "useArtifact": use,
        "updateArtifact": update,
        "deleteArtifact": delete,
        "addAliases": add_aliases,
        "deleteAliases": delete_aliases,
    },
}

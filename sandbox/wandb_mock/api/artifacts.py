"""Artifacts as they are read."""

from __future__ import annotations

import json
from typing import Any

from sandbox.wandb_mock import manifests
from sandbox.wandb_mock.api.context import Fields, Info, context, moment, page
from sandbox.wandb_mock.names import node_id, node_number
from sandbox.wandb_mock.store.files import StoredFile
from sandbox.wandb_mock.store.rows import Alias, Artifact, Collection, Manifest, Project, Run

NO_TIME_TO_LIVE = -1
"""Clients take any negative number of seconds for no limit."""


def by_id(_: Any, info: Info, id: str) -> Artifact:
    return context(info).store.artifacts.get(node_number("Artifact", id))


def by_client_id(_: Any, info: Info, **arguments: Any) -> dict[str, Any] | None:
    number = context(info).store.artifacts.by_client_id(arguments["clientID"])
    return {"serverID": node_id("Artifact", number)} if number is not None else None


def by_name(source: Project, info: Info, name: str, **_: Any) -> Artifact | None:
    """`collection:alias`, an alias being a version (`v0`) too; `latest` if none is given.

    None if there is no such artifact: clients say so in their own words, and take a 404 for a lack of permission.
    """
    collection_name, alias = (name.split(":", 1) + [""])[:2]
    store = context(info).store
    collection = store.artifacts.find_collection(source.id, collection_name)
    return store.artifacts.resolve(collection, alias or "latest") if collection else None


def membership_by_name(source: Project, info: Info, name: str) -> dict[str, Any] | None:
    found = by_name(source, info, name)
    return _membership(found, _collection(found, info)) if found else None


def collection_of(source: Project, info: Info, name: str) -> Collection | None:
    return context(info).store.artifacts.find_collection(source.id, name)


def collections_of(source: Project, info: Info, first: int | None = None, after: str | None = None, **_: Any) -> Any:
    return page(context(info).store.artifacts.collections(source.id), first, after)


def artifact_type(source: Project, info: Info, name: str) -> dict[str, Any] | None:
    store = context(info).store
    return type_node(source, name) if store.artifacts.collections(source.id, name) else None


def artifact_types(source: Project, info: Info, first: int | None = None, after: str | None = None) -> Any:
    names = {found.type: None for found in context(info).store.artifacts.collections(source.id)}
    return page([type_node(source, name) for name in names], first, after)


def type_node(project: Project, name: str) -> dict[str, Any]:
    return {
        "id": node_id(f"ArtifactType-{name}", project.id),
        "name": name,
        "createdAt": moment(project.created_at),
        "project": project,
    }


def _in_type(source: dict[str, Any], info: Info, name: str) -> Collection | None:
    found = collection_of(source["project"], info, name)
    return found if found and found.type == source["name"] else None


def _all_in_type(source: Any, info: Info, first: int | None = None, after: str | None = None, **_: Any) -> Any:
    found = context(info).store.artifacts.collections(source["project"].id, source["name"])
    return page(found, first, after)


def _project(source: Collection, info: Info) -> Project | None:
    return context(info).store.runs.project_by_id(source.project_id)


def _type_of_collection(source: Collection, info: Info) -> dict[str, Any]:
    project = _project(source, info)
    assert project is not None
    return type_node(project, source.type)


def _collection(source: Artifact | Alias, info: Info) -> Collection:
    return context(info).store.artifacts.collection(source.collection_id)


def versions(source: Collection, info: Info, first: int | None = None, after: str | None = None, **_: Any) -> Any:
    answer = page(context(info).store.artifacts.versions(source.id), first, after)
    for edge in answer["edges"]:
        edge["version"] = f"v{edge['node'].version_index}"
    return answer


def membership(source: Collection, info: Info, **arguments: Any) -> dict[str, Any] | None:
    found = context(info).store.artifacts.resolve(source, arguments["aliasName"])
    return _membership(found, source) if found else None


def _membership(artifact: Artifact, collection: Collection) -> dict[str, Any]:
    return {
        "id": node_id("ArtifactCollectionMembership", artifact.id),
        "versionIndex": artifact.version_index,
        "createdAt": moment(artifact.created_at),
        "artifact": artifact,
        "artifactCollection": collection,
    }


def files(
    source: Artifact,
    info: Info,
    names: list[str | None] | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Any:
    found = manifests.stored_files(context(info).store, source)
    return page([file for file in found if not names or file.name in names], first, after, uploadHeaders=[])


def current_manifest(source: Artifact, info: Info) -> Manifest | None:
    store = context(info).store
    uploaded = (m for m in store.artifacts.manifests(source.id) if has_content(m, info))
    return next(uploaded, None)


def has_content(manifest: Manifest, info: Info) -> bool:
    return context(info).store.files.has_blob(manifests.manifest_address(manifest.id))


def manifest_file(source: Manifest, info: Info) -> StoredFile:
    address = manifests.manifest_address(source.id)
    return context(info).store.files.describe(source.id, "manifest", source.name, address)


def _runs(role: str) -> Any:
    def resolve(source: Run, info: Info, first: int | None = None, after: str | None = None) -> Any:
        return page(context(info).store.artifacts.of_run(source.id, role), first, after)

    return resolve


def used_by(source: Artifact, info: Info) -> Any:
    store = context(info).store
    return page([store.runs.by_id(number) for number in store.artifacts.users(source.id)])


def created_by(source: Artifact, info: Info) -> Run | None:
    return context(info).store.runs.by_id(source.created_by) if source.created_by is not None else None


def _size(source: Artifact, info: Info) -> int:
    return sum(entry.size for entry in manifests.entries(context(info).store, source))


def _latest(source: Collection, info: Info) -> Artifact | None:
    return context(info).store.artifacts.resolve(source, "latest")


COLLECTION: dict[str, Any] = {
    "id": lambda source, info: node_id("ArtifactCollection", source.id),
    "state": lambda source, info: "READY",
    "createdAt": lambda source, info: moment(source.created_at),
    "updatedAt": lambda source, info: moment(source.created_at),
    "project": _project,
    "defaultArtifactType": _type_of_collection,
    "digestAlgorithm": lambda source, info: "MANIFEST_MD5",
    "tags": lambda source, info, **_: page([]),
    "aliases": lambda source, info, first=None, after=None: page(
        context(info).store.artifacts.collection_aliases(source.id), first, after
    ),
    "artifacts": versions,
    "artifactMembership": membership,
    "latestArtifact": _latest,
}
FIELDS: Fields = {
    "Query": {
        "artifact": by_id,
        "clientIDMapping": by_client_id,
        "artifactCollection": lambda source, info, id: context(info).store.artifacts.collection(
            node_number("ArtifactCollection", id)
        ),
    },
    "Project": {
        "artifact": by_name,
        "artifactCollectionMembership": membership_by_name,
        "artifactType": artifact_type,
        "artifactTypes": artifact_types,
        "artifactCollection": collection_of,
        "artifactCollections": collections_of,
    },
    "Run": {"outputArtifacts": _runs("output"), "inputArtifacts": _runs("input")},
    "ArtifactSequence": COLLECTION,
    "ArtifactType": {
        "artifact": lambda source, info, name: by_name(source["project"], info, name),
        "artifactSequence": _in_type,
        "artifactSequences": _all_in_type,
        "artifactCollection": _in_type,
        "artifactCollections": _all_in_type,
    },
    "Artifact": {
        "id": lambda source, info: node_id("Artifact", source.id),
        "digestAlgorithm": lambda source, info: "MANIFEST_MD5",
        "labels": lambda source, info: "[]",
        "tags": lambda source, info: [{"id": name, "name": name} for name in json.loads(source.tags)],
        "size": _size,
        "fileCount": lambda source, info: len(manifests.entries(context(info).store, source)),
        "commitHash": lambda source, info: source.digest,
        "createdAt": lambda source, info: moment(source.created_at),
        "updatedAt": lambda source, info: moment(source.created_at),
        "ttlDurationSeconds": lambda source, info: NO_TIME_TO_LIVE,
        "ttlIsInherited": lambda source, info: True,
        "artifactType": lambda source, info: _type_of_collection(_collection(source, info), info),
        "artifactSequence": _collection,
        "artifactMemberships": lambda source, info: page([_membership(source, _collection(source, info))]),
        "aliases": lambda source, info: context(info).store.artifacts.aliases(source),
        "currentManifest": current_manifest,
        "files": files,
        "createdBy": created_by,
        "usedBy": used_by,
    },
    "ArtifactAlias": {
        "id": lambda source, info: node_id("ArtifactAlias", source.id),
        "artifactCollection": _collection,
        "artifactCollectionName": lambda source, info: _collection(source, info).name,
    },
    "ArtifactCollectionMembership": {
        "aliases": lambda source, info: context(info).store.artifacts.aliases(source["artifact"]),
        "files": lambda source, info, **asked: files(source["artifact"], info, **asked),
    },
    "ArtifactManifest": {
        "id": lambda source, info: node_id("ArtifactManifest", source.id),
        "file": manifest_file,
    },
}

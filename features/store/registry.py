"""The Feast registry as a file that is replaced whole, and that a reader reads once.

Feast's own file registry empties the file and then fills it, and looks at it again while serving: a reader in
between finds no feature view. Here a writer lets Feast write a file of its own, which then takes the place of
the old one in one step, and a reader keeps what it read.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from features.store.feast_api import RegistryConfig, RegistryProto, RegistryStore

# What Feast stamps on every write, which says nothing about the content.
STAMPS: Final = ("meta", "version_id", "last_updated", "project_metadata", "feature_view_version_history")
UDF_FIELDS: Final = ("on_demand_feature_views", "stream_feature_views", "permissions")


class RegistryIsReadOnlyError(RuntimeError):
    """Something asked the read-only registry to change."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is open for reading; definitions change by Store.apply() alone")
        self.path = path


class StoreNotAppliedError(FileNotFoundError):
    """The folder holds no definitions yet."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no feature registry at {path}; run Store.apply() on its folder first")
        self.path = path


class RegistryHoldsCodeError(RuntimeError):
    """The registry holds a kind of definition that can carry code."""

    def __init__(self, path: Path, kinds: list[str]) -> None:
        super().__init__(
            f"{path} holds {', '.join(kinds)}, which Feast may run as code; this store defines none. "
            "Delete the file and run Store.apply() again"
        )
        self.path = path
        self.kinds = kinds


class FrozenRegistryStore(RegistryStore):  # type: ignore[misc]  # Feast publishes no types
    """Feast's registry storage, read once and never written."""

    def __init__(self, registry_config: RegistryConfig, repo_path: Path | None = None) -> None:
        self._path = Path(registry_config.path)
        self._frozen: bytes = registry_config.frozen

    def get_registry_proto(self) -> RegistryProto:
        """A fresh copy of what was read when the store was opened."""
        proto: RegistryProto = RegistryProto.FromString(self._frozen)
        return proto

    def update_registry_proto(self, registry_proto: RegistryProto) -> None:
        """Refuses."""
        raise RegistryIsReadOnlyError(self._path)

    def teardown(self) -> None:
        """Refuses."""
        raise RegistryIsReadOnlyError(self._path)


def read_registry(path: Path) -> RegistryProto:
    """The registry's content, refused if it could carry code.

    Raises:
        StoreNotAppliedError: There is no registry.
        RegistryHoldsCodeError: It holds a transformation or a permission, which this store never defines.
    """
    if not path.is_file():
        raise StoreNotAppliedError(path)
    proto: RegistryProto = RegistryProto.FromString(path.read_bytes())
    kinds = [kind for kind in UDF_FIELDS if len(getattr(proto, kind))]
    kinds += [
        f"a transformation in {v.spec.name}" for v in proto.feature_views if v.spec.HasField("feature_transformation")
    ]
    if kinds:
        raise RegistryHoldsCodeError(path, kinds)
    return proto


def content(proto: RegistryProto) -> bytes:
    """What a registry defines, without Feast's stamps of when and by which run.

    Equal definitions give equal bytes on one machine and version of Feast.
    """
    plain = RegistryProto()
    plain.CopyFrom(proto)
    _clear_stamps(plain)
    return bytes(plain.SerializeToString(deterministic=True))


def in_project(proto: RegistryProto, project: str) -> RegistryProto:
    """A copy of a registry whose definitions belong to another project: Feast reads its namespace by that name."""
    copy = RegistryProto()
    copy.CopyFrom(proto)
    copy.projects[0].spec.name = project
    for kind in (copy.entities, copy.data_sources, copy.feature_views, copy.feature_services):
        for definition in kind:
            holder = definition.spec if hasattr(definition, "spec") else definition
            holder.project = project
    return copy


def _clear_stamps(message: Any) -> None:
    for field, value in message.ListFields():
        if field.name in STAMPS:
            message.ClearField(field.name)
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for part in value if isinstance(value, Sequence) else [value]:
                _clear_stamps(part)

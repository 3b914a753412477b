"""Compiles protos/ into gen/, for `pip install -e .`, for the wheel, and by hand (`make proto`)."""

from __future__ import annotations

import shutil
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
IN_WHEEL = {"gen": "/", "deploy/definitions": "shared/definitions/shipped"}
"""What lies elsewhere in a wheel than in the tree."""
CEL = ["cel/expr/syntax.proto", "cel/expr/checked.proto"]


def compile_protos(root: Path = ROOT, target: Path | None = None) -> int:
    """Generate message, gRPC and type stubs into a fresh `target`; returns how many protos.

    Without one, into the `gen/` of the tree.

    The CEL syntax tree is compiled from the `xds-protos` wheel, so that no Envoy proto enters the
    default descriptor pool at run time. It exists only while building.
    """
    sources = sorted((root / "protos").rglob("*.proto"))
    target = target or root / "gen"
    fresh = target.with_name("gen.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    include = [root / "protos", Path(str(files("grpc_tools") / "_proto")), _google_apis()]
    plugins = ("python", "grpc_python", "mypy", "mypy_grpc")
    searched = [f"-I{path}" for path in include]
    names = [str(path) for path in sources]
    _protoc(fresh, plugins, searched, names)
    # What the comments say, for the data dictionary of an export.
    comments = f"--descriptor_set_out={fresh / 'touchpoint' / 'comments.binpb'}"
    _protoc(fresh, (), [comments, "--include_source_info", *searched], names)
    descriptors = fresh / "cel.binpb"
    descriptors.write_bytes(_cel_descriptors())
    _protoc(fresh, ("python", "mypy"), [f"--descriptor_set_in={descriptors}"], CEL)
    descriptors.unlink()
    (fresh / "touchpoint" / "py.typed").touch()
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    return len(sources)


def _protoc(out: Path, plugins: tuple[str, ...], inputs: list[str], names: list[str]) -> None:
    from grpc_tools import protoc

    scripts = str(Path(sys.executable).parent)
    arguments = ["protoc"]
    for kind in plugins:
        program, option = f"protoc-gen-{kind}", ""
        if kind.startswith("mypy"):
            found = shutil.which(program, path=scripts) or shutil.which(program)
            arguments.append(f"--plugin={program}={found}")
            option = "quiet:"
        arguments.append(f"--{kind}_out={option}{out}")
    arguments += [*inputs, *names]
    if protoc.main(arguments) != 0:
        raise SystemExit("protos/ did not compile; the message above names the file and line")


def _google_apis() -> Path:
    import google.rpc

    return Path(next(iter(google.rpc.__path__))).parents[1]


def _cel_descriptors() -> bytes:
    """Return the descriptors of CEL's checked syntax tree, from the xds-protos wheel."""
    from cel.expr import checked_pb2
    from google.protobuf.descriptor import FileDescriptor
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    ordered: dict[str, FileDescriptor] = {}

    def visit(file: FileDescriptor) -> None:
        for dependency in file.dependencies:
            visit(dependency)
        ordered.setdefault(file.name, file)

    visit(checked_pb2.DESCRIPTOR)
    found = FileDescriptorSet()
    for file in ordered.values():
        file.CopyToProto(found.file.add())
    return found.SerializeToString()


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # `make proto` needs no build backend
    BuildHookInterface = None  # type: ignore[assignment,misc]

if BuildHookInterface is not None:

    class StubsHook(BuildHookInterface[Any]):
        """Builds the stubs before hatchling collects the files."""

        PLUGIN_NAME = "custom"

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            compile_protos(Path(self.root))
            if version != "editable":  # which finds both in the tree: copies would hide newer ones
                build_data["force_include"] |= IN_WHEEL


if __name__ == "__main__":
    print(f"{compile_protos()} protos compiled into gen/")

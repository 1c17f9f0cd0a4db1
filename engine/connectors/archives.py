"""Files that are packed: gzip, bzip2, xz, and ZIP archives; what is in them is read from a copy on disk."""

import bz2
import gzip
import lzma
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from engine.connectors.files import Snapshot, unreadable
from engine.errors import CannotConnect

_ZIP = b"PK\x03\x04"
_BROKEN = (
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    struct.error,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
)
PART = 1 << 20


class _Streams:
    """What is packed in one stream after the other: what follows one is another, or the file is damaged.

    The standard library takes a stream that cannot be read, behind another, for the end.
    """

    def __init__(self, file: BinaryIO, decoder: Callable[[], Any], padding: bytes = b"") -> None:
        self._file = file
        self._new = decoder
        self._padding = padding
        self._decoder = decoder()
        self._left = b""

    def read(self, _size: int) -> bytes:
        """Give the next part; nothing at the end. Raises `EOFError`, `OSError` or `LZMAError`."""
        while True:
            data = self._left or self._file.read(PART)
            if self._decoder.eof:
                data = data.lstrip(self._padding) if self._padding else data
                if data:
                    self._decoder = self._new()
            if not data and self._left:
                self._left = b""
                continue
            if not data:
                if not self._decoder.eof:
                    raise EOFError("it is cut")
                return b""
            part: bytes = self._decoder.decompress(data)
            self._left = self._decoder.unused_data if self._decoder.eof else b""
            if part:
                return part

    def __enter__(self) -> "_Streams":
        return self

    def __exit__(self, *_: object) -> None:
        return


def _gunzipped(file: BinaryIO) -> IO[bytes]:
    return cast("IO[bytes]", gzip.GzipFile(fileobj=file))


_OPENERS: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": _gunzipped,
    b"BZh": lambda file: _Streams(file, bz2.BZ2Decompressor),
    b"\xfd7zXZ\x00": lambda file: _Streams(file, lzma.LZMADecompressor, padding=b"\0"),
}
"""What packed files begin with → how they are read."""


def unpacked(taken: Snapshot, path: Path, member: str | None) -> Snapshot:
    """Give what a packed file holds, as a file; one that is not packed is given back. `member` names a file in a ZIP.

    Raises `CannotConnect` for what is cut, damaged or locked, and where it cannot be told which file is meant.
    """
    head = taken.file.read(8)
    taken.file.seek(0)
    opener = next((opener for start, opener in _OPENERS.items() if head.startswith(start)), None)
    if opener is None and not head.startswith(_ZIP):
        if member is not None:
            taken.file.close()
            raise CannotConnect(f"{path}: is no ZIP archive, so there is no '{member}' in it")
        return taken
    copy = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - handed to the caller
    try:
        with taken.file, opener(taken.file) if opener else _member(taken.file, path, member) as packed:
            while part := packed.read(PART):
                copy.write(part)
    except _BROKEN as error:
        copy.close()
        raise CannotConnect(f"{path}: cannot be unpacked: {error or 'it is cut'}; let it be written anew") from error
    except OSError as error:
        copy.close()
        if isinstance(error, gzip.BadGzipFile) or error.errno is None:
            raise CannotConnect(f"{path}: cannot be unpacked: {error}; let it be written anew") from error
        raise unreadable(path, error) from error
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return taken._replace(file=copy)


def _member(file: BinaryIO, path: Path, name: str | None) -> IO[bytes]:
    """Open the one file of a ZIP archive, or that which is named. Raises `CannotConnect`."""
    archive = zipfile.ZipFile(file)
    names = [one.filename for one in archive.infolist() if not one.is_dir() and not _is_of_a_mac(one.filename)]
    if name is None and len(names) != 1:
        there_are = ", ".join(names[:5]) or "none"
        raise CannotConnect(f"{path}: holds {len(names)} files ({there_are}); name one of them with 'member'")
    if name is not None and name not in names:
        raise CannotConnect(f"{path}: holds no '{name}'; there are: {', '.join(names[:5]) or 'none'}")
    return archive.open(name or names[0])


def _is_of_a_mac(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith("._")

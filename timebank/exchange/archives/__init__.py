"""Archives: a bank's whole log in a folder, which is checked without the service and taken in by another one."""

from timebank.exchange.archives.reading import ArchiveError, read_archive, take_in_archive, take_in_cosignatures
from timebank.exchange.archives.writing import FolderInUseError, write_archive

__all__ = [
    "ArchiveError",
    "FolderInUseError",
    "read_archive",
    "take_in_archive",
    "take_in_cosignatures",
    "write_archive",
]

"""What Python packages can't bring: Java, the jars beside it with pinned checksums, and our own Java compiled here."""

from acme_lib.toolchain.classes import shared_classes
from acme_lib.toolchain.jars import class_path
from acme_lib.toolchain.java import Java, find_java
from acme_lib.toolchain.javac import compiled

__all__ = ["Java", "class_path", "compiled", "find_java", "shared_classes"]

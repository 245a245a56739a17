"""Bronze, Silver and Gold on Delta: transforms that are pure, and the jobs beside them."""

from acme_lib.lake.lakehouse import Commit, Lakehouse, columns, schema

__all__ = ["Commit", "Lakehouse", "columns", "schema"]

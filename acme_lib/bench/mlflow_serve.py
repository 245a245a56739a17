"""What `mlflow models serve` runs, by itself: python -m acme_lib.bench.mlflow_serve MODEL_FOLDER PORT.

MLflow 2.22 declares its routes by a method that Starlette 1 no longer has; it is put back here, in this process only.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["main"]


def route(self: Any, path: str, methods: list[str]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declares a route, as Starlette's decorator of this name did."""

    def declared(answer: Callable[..., Any]) -> Callable[..., Any]:
        self.add_route(path, answer, methods=methods)
        return answer

    return declared


def main(folder: str, port: int) -> None:
    """Serves until it is ended."""
    import fastapi
    import uvicorn
    from mlflow.pyfunc import scoring_server

    fastapi.FastAPI.route = route  # type: ignore[attr-defined]
    os.environ[scoring_server._SERVER_MODEL_PATH] = folder
    from mlflow.pyfunc.scoring_server.app import app

    uvicorn.run(app, host="127.0.0.1", port=port)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

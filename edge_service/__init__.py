"""Edge service: serves signed models on the plant's own network. Deployed apart from acme_lib, whose light core it takes."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # onnxruntime reads it when it is imported; nothing here phones home

__all__ = ["__version__"]

__version__ = "0.1.0"

"""Edge service: serves signed models on the plant's own network. Deployed apart from acme_lib, whose light core it takes."""

__all__ = ["__version__"]

__version__ = "0.1.0"

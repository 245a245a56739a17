"""Contracts -> artefacts: documents, access lists and tables, made from the declared facts and checked against them."""

from acme_lib.render.artefact import Artefact, Difference, differences, text_of, write
from acme_lib.render.cli import app
from acme_lib.render.consistency import Problem, problems
from acme_lib.render.registry import artefacts

__all__ = ["Artefact", "Difference", "Problem", "app", "artefacts", "differences", "problems", "text_of", "write"]

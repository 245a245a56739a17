"""A small perceptron on standardised features: it extrapolates smoothly where trees make steps."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from acme_lib.models.recipe import Net

__all__ = ["Network", "learn_network", "merged"]

Weights = npt.NDArray[np.float32]
MOST = 8.0  # spreads; what lies beyond is a fault, not a reading to extrapolate from


@dataclass(frozen=True)
class Network:
    """Plain layers: relu between them, the answer scaled back by `scale`; a logistic end where `logistic`."""

    mean: Weights
    spread: Weights
    layers: tuple[tuple[Weights, Weights], ...]
    scale: float
    logistic: bool

    def predict(self, seen: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """float32[n, k] -> float64[n]. A feature that isn't known counts as average."""
        x = (seen - self.mean) / self.spread
        x = np.clip(np.where(np.isnan(x), np.float32(0), x), -MOST, MOST)
        for n, (weight, bias) in enumerate(self.layers):
            x = (np.maximum(x, 0) if n else x) @ weight + bias
        found = x[:, 0].astype(np.float64)
        return 1 / (1 + np.exp(-found)) if self.logistic else found * self.scale


def merged(networks: Sequence[Network]) -> Network:
    """The mean of networks that share their scaling, as one: layers side by side, so that it costs a few large products.

    A logistic end averages scores, not probabilities.
    """
    first, count = networks[0], len(networks)
    if count == 1:
        return first
    layers = []
    for depth in range(len(first.layers)):
        weights, biases = zip(*(n.layers[depth] for n in networks), strict=True)
        if depth == 0:
            weight, bias = np.concatenate(weights, axis=1), np.concatenate(biases)
        elif depth < len(first.layers) - 1:
            weight, bias = _diagonal(weights), np.concatenate(biases)
        else:
            weight, bias = np.concatenate(weights) / np.float32(count), np.sum(biases, axis=0) / np.float32(count)
        layers.append((weight, np.asarray(bias, dtype=np.float32)))
    return Network(first.mean, first.spread, tuple(layers), first.scale, first.logistic)


def _diagonal(blocks: Sequence[Weights]) -> Weights:
    """Blocks along the diagonal, zeros elsewhere."""
    found = np.zeros((sum(b.shape[0] for b in blocks), sum(b.shape[1] for b in blocks)), dtype=np.float32)
    row = column = 0
    for block in blocks:
        found[row : row + block.shape[0], column : column + block.shape[1]] = block
        row, column = row + block.shape[0], column + block.shape[1]
    return found


def learn_network(net: Net, kind: str, seen: npt.NDArray[np.float32], label: npt.NDArray[np.float64], seed: int) -> Network:  # fmt: skip
    """Learns from the rows given; the same rows and seed give the same network."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column that is never known
        warnings.simplefilter("ignore", ConvergenceWarning)  # epochs are part of the recipe
        mean, spread = np.nanmean(seen, axis=0, dtype=np.float64), np.nanstd(seen, axis=0, dtype=np.float64)
        mean, spread = np.nan_to_num(mean), np.where(spread > 0, np.nan_to_num(spread, nan=1.0), 1.0)
        scaled = np.clip(np.nan_to_num((seen - mean) / spread), -MOST, MOST)
        logistic = kind == "classification"
        scale = 1.0 if logistic else float(np.abs(label).max() or 1.0)
        learner = (MLPClassifier if logistic else MLPRegressor)(
            hidden_layer_sizes=net.hidden, alpha=net.alpha, learning_rate_init=net.learning_rate, max_iter=net.epochs,
            batch_size=min(256, len(label)), random_state=seed,
        )  # fmt: skip
        learner.fit(scaled, label.astype(int) if logistic else label / scale)
    layers = tuple((w.astype(np.float32), b.astype(np.float32)) for w, b in zip(learner.coefs_, learner.intercepts_, strict=True))  # fmt: skip
    return Network(np.asarray(mean, dtype=np.float32), np.asarray(spread, dtype=np.float32), layers, scale, logistic)

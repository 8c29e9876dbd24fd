"""The public names of the package, all in one place."""

import importlib
from typing import TYPE_CHECKING

from diffeo.ascents import (
    LBFGS,
    Adam,
    Adaptive,
    Ball,
    Box,
    Gradient,
    Momentum,
    NormalizedGradient,
    Polyak,
    Sphere,
)
from diffeo.coordinates.autoencoder import Autoencoder, paired
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.inversion import Inversion, InvertedGenerator
from diffeo.coordinates.linear import Linear, principal_axes
from diffeo.coordinates.masked import Masked
from diffeo.coordinates.residual import Residual
from diffeo.counterfactuals import Counterfactuals, Outcome, Typicality
from diffeo.distances import DataDistance, FeatureDistance, LatentDistance
from diffeo.explain import explain
from diffeo.models.classifiers import Logits
from diffeo.models.flow.flow import Flow
from diffeo.models.preprocessed import Preprocessed
from diffeo.objectives import (
    Agreed,
    AtLeast,
    AtMost,
    Between,
    Held,
    Near,
    Repelled,
    Smoothed,
    TargetClass,
)
from diffeo.search import Run, search, search_batches
from diffeo.several import alternatives, search_several
from diffeo.statements.certificate import Smoothing, certify
from diffeo.statements.diagnosis import diagnose
from diffeo.statements.diversity import diversity
from diffeo.statements.typical import typicality

if TYPE_CHECKING:
    from diffeo import zoo
    from diffeo.coordinates.zuko import ZukoFlow

__all__ = [
    "LBFGS",
    "Adam",
    "Adaptive",
    "Agreed",
    "AtLeast",
    "AtMost",
    "Autoencoder",
    "Ball",
    "Between",
    "Bounded",
    "Box",
    "Counterfactuals",
    "DataDistance",
    "FeatureDistance",
    "Flow",
    "FlowMatching",
    "Gradient",
    "Held",
    "Identity",
    "Inversion",
    "InvertedGenerator",
    "LatentDistance",
    "Linear",
    "Logits",
    "Masked",
    "Momentum",
    "Near",
    "NormalizedGradient",
    "Outcome",
    "Polyak",
    "Preprocessed",
    "Repelled",
    "Residual",
    "Run",
    "Smoothed",
    "Smoothing",
    "Sphere",
    "TargetClass",
    "Typicality",
    "ZukoFlow",
    "alternatives",
    "certify",
    "diagnose",
    "diversity",
    "explain",
    "paired",
    "principal_axes",
    "search",
    "search_batches",
    "search_several",
    "typicality",
    "zoo",
]


def __getattr__(name: str) -> object:
    """Return what is imported where it is used first, for the libraries it needs."""

    if name == "zoo":
        return importlib.import_module("diffeo.zoo")

    if name == "ZukoFlow":
        return importlib.import_module("diffeo.coordinates.zuko").ZukoFlow

    raise AttributeError(f"diffeo has no {name}")

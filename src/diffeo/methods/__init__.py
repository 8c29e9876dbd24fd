"""Published methods on the same model and the same coordinates."""

from diffeo.methods.adversarial import Adversarial
from diffeo.methods.diffeomorphic import Diffeomorphic
from diffeo.methods.natural import Natural
from diffeo.methods.protocol import Method
from diffeo.methods.prototypes import Prototypes
from diffeo.methods.revise import Revise
from diffeo.methods.wachter import Wachter

__all__ = [
    "Adversarial",
    "Diffeomorphic",
    "Method",
    "Natural",
    "Prototypes",
    "Revise",
    "Wachter",
]

"""How models are fitted to data."""

from diffeo.extras import require

require("pytorch_lightning", extra="train")

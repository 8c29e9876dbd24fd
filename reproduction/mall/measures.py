"""What is measured of crowds: a number for each row, and what they come to."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from diffeo.batching import in_batches
from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.intervals import Statistic, interval_of, mean, median
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Metric
from diffeo.evaluation.metrics import agreement, change, outcome
from diffeo.evaluation.metrics.realism import centrality, im1, log_density
from diffeo.evaluation.oracle_training import AutoencoderSettings, trained_autoencoder
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.settings import Settings
from diffeo.evaluation.task import Task
from diffeo.shapes import Images, Indices, Scores
from reproduction.mall.cases import KINDS, Case, Kind, Setup, of_kind
from reproduction.mall.training import counted

__all__ = ["Panel", "Rows", "error_results", "pooled", "row_results"]

MEMBERS = 250  # test patches of the source class, to which distances are taken
RUN = 50  # frames, neighbors of which are nearly equal
METRICS: Mapping[str, Metric] = {
    "reached_{}": outcome.success,
    "seconds_per_image_{}": outcome.seconds_per_image,
    "ssim_{}_median": change.ssim_median,
    "l2_data_{}_median": outcome.l2_data_median,
    "l2_latent_{}_median": outcome.l2_latent_median,
    "composition_error_{}_mean": outcome.composition_error_mean,
    "tangent_share_{}_mean": change.tangent_share_mean,
    "sparsity_{}_mean": change.sparsity_mean,
    "knn_target_{}": agreement.neighbor_value_error_mean,
}
STATISTICS: Mapping[str, Statistic] = {
    **{key: metric.statistic for key, metric in METRICS.items()},
    "l2_data_{}_mean": mean,
    "l2_latent_{}_mean": mean,
    "l2_data_class_{}_mean": mean,
    "l2_latent_class_{}_mean": mean,
    "oracle_target_{}": mean,
    "typicality_{}_median": median,
    "im1_{}_mean": mean,
}
COMPARED = "oracle_target_{}", "knn_target_{}", "im1_{}_mean"

Rows = Mapping[str, Mapping[str, Scores]]
"""By method, then by the name of the result: a number for each row, NaN for none."""


@dataclass(frozen=True, eq=False)
class Panel:
    """Judges of all cases.

    Args:
        setup: Patches and models.
        density: Log-densities of test patches.
        autoencoders: One of training patches of few people, one of those of many.
    """

    setup: Setup
    density: Scores
    autoencoders: Mapping[Kind, nn.Module]

    @classmethod
    def load(
        cls, setup: Setup, references: Images, how: AutoencoderSettings
    ) -> "Panel":
        """Train the autoencoders, or read them from the cache, and find densities.

        Args:
            setup: Patches and models.
            references: Test patches whose density is looked at.
            how: How autoencoders are trained.
        """

        train, cache = setup.train, Cache.usual()

        return cls(
            setup,
            log_density(references, setup.flow.log_prob, draws=1),
            {
                kind: trained_autoencoder(
                    train.images[of_kind(train.labels, kind)], how, cache
                )
                for kind in KINDS
            },
        )

    def rows(self, case: Case, records: Mapping[str, Counterfactuals]) -> Rows:
        """Return a number for each row of each method, and IM1 of real patches.

        Args:
            case: What was asked.
            records: By method, of the same factuals.
        """

        setup = self.setup
        first = next(iter(records.values()))
        judges = Judges(
            Task(setup.model, setup.flow, case.objective),
            Reference(setup.train, setup.test),
            Settings(),
            first.factual,
        )
        found: dict[str, Mapping[str, Scores]] = {
            name: self._rows(case, record, judges) for name, record in records.items()
        }

        if case.target is not None:
            patches = setup.patches(case.target, len(first))
            found["real"] = self._realism(case, patches)

        return found

    def _rows(
        self, case: Case, record: Counterfactuals, judges: Judges
    ) -> dict[str, Scores]:
        x, missing = record.counterfactual, ~record.reached
        measured = {key: each.measure(record, judges) for key, each in METRICS.items()}
        lengths = {
            key.replace("median", "mean"): measured[key]
            for key in ("l2_data_{}_median", "l2_latent_{}_median")
        }
        found = (
            measured | lengths | self._realism(case, x) | self._others(case, x, judges)
        )

        return {
            key: values.double()
            if key in METRICS and METRICS[key].failures
            else values.double().masked_fill(missing, torch.nan)
            for key, values in found.items()
        }

    def _others(self, case: Case, x: Images, judges: Judges) -> dict[str, Scores]:
        setup = self.setup
        members = setup.patches(case.source, MEMBERS)
        codes = judges.once("Encoding the source", lambda: judges.encode(members))
        density = log_density(x, setup.flow.log_prob, draws=1)

        return {
            "oracle_target_{}": agreement.value_error(
                counted(setup.oracle, x), judges.task
            ),
            "l2_data_class_{}_mean": outcome.class_distance(x, members),
            "l2_latent_class_{}_mean": outcome.class_distance(judges.encode(x), codes),
            "typicality_{}_median": centrality(density, self.density),
        }

    @torch.no_grad()
    def _realism(self, case: Case, x: Images) -> dict[str, Scores]:
        """Return IM1, where the target has an autoencoder as the source has."""

        if case.target is None:
            return {}

        source, target = (
            in_batches(self.autoencoders[kind], x)
            for kind in (case.source, case.target)
        )

        return {"im1_{}_mean": im1(x, source=source, target=target)}


def pooled(cases: Mapping[str, Rows]) -> Rows:
    """Return the rows of all cases, one case after the other.

    Args:
        cases: Rows of cases that were measured alike.
    """

    first, *_ = cases.values()

    return {
        name: {
            key: torch.cat([rows[name][key] for rows in cases.values()])
            for key in measured
        }
        for name, measured in first.items()
    }


def row_results(rows: Rows) -> dict[str, float]:
    """Return the statistic of each measure, and our leads over ascent in X.

    Args:
        rows: "latent" and "data" are among the methods.
    """

    results: dict[str, float] = {}

    for name, measured in rows.items():
        for key, values in measured.items():
            results |= interval_of(values, STATISTICS[key]).as_results(key.format(name))

    for key in COMPARED:
        if key in rows["latent"]:
            ahead = interval_of(rows["latent"][key] - rows["data"][key])
            results |= ahead.as_results(key.format("latent_minus_data"))

    return results


def error_results(stem: str, errors: Scores, frames: Indices) -> dict[str, float]:
    """Return the root mean square of errors of counts.

    Neighboring frames are nearly equal, so that its interval draws runs of 50 of them
    again; all are of as many patches.

    Args:
        stem: Name of the result.
        errors: Of each patch.
        frames: Number of the frame that each patch is of.
    """

    runs = (frames - frames.min()) // RUN
    means = torch.stack([errors[runs == run].square().mean() for run in runs.unique()])

    return interval_of(means, _root_mean).as_results(stem)


def _root_mean(values: Float[Tensor, "*samples rows"]) -> Float[Tensor, "*samples"]:
    return values.mean(-1).sqrt()

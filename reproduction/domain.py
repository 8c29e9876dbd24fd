"""Two classes of images, a flow and a classifier: searches and their judges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from diffeo import zoo
from diffeo.batching import in_batches
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.labelled import LabelledImages
from diffeo.data.levels import to_8_bits
from diffeo.evaluation.comparison import compare
from diffeo.evaluation.evaluation import Evaluation
from diffeo.evaluation.intervals import interval_of, mean, share
from diffeo.evaluation.metric import Metric
from diffeo.evaluation.metrics import agreement, change, outcome, realism
from diffeo.evaluation.metrics.cout import cout_mean
from diffeo.evaluation.oracles import Oracle, Oracles, classifier_oracle
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.settings import Settings, quick_settings
from diffeo.evaluation.task import Task
from diffeo.methods import Method, adversarial, diffeomorphic
from diffeo.models.flow.flow import Flow
from diffeo.objectives import TargetClass
from diffeo.search import Run
from diffeo.shapes import Images, Indices
from diffeo.training.noise import Noise
from reproduction.experiment import ExperimentOptions
from reproduction.provenance import ROOT

__all__ = [
    "CONFIDENCE",
    "DATA",
    "LATENT",
    "METHODS",
    "WEIGHTS",
    "Domain",
    "Found",
    "accuracies",
    "domain_results",
    "flow_figures",
    "trained",
]

WEIGHTS = ROOT / "weights"
CONFIDENCE = 0.99
METHODS: Mapping[str, Method] = {"latent": diffeomorphic(), "data": adversarial()}
LATENT, DATA = METHODS
NAMES = {
    outcome.success: "reached_{}",
    outcome.seconds_per_image: "seconds_per_image_{}",
    change.ssim_median: "ssim_{}_median",
    outcome.l2_data_median: "l2_data_{}_median",
    outcome.l2_latent_median: "l2_latent_{}_median",
    outcome.l2_data_class_mean: "l2_data_class_{}_mean",
    outcome.l2_latent_class_mean: "l2_latent_class_{}_mean",
    outcome.composition_error_mean: "composition_error_{}_mean",
    change.tangent_share_mean: "tangent_share_{}_mean",
    change.sparsity_mean: "sparsity_{}_mean",
    cout_mean: "cout_{}_mean",
    agreement.svm_target: "oracle_target_{}",
    agreement.oracles_target: "oracles_target_{}",
    agreement.consensus_target: "consensus_target_{}",
    agreement.knn_target: "knn_target_{}",
    realism.im1_mean: "im1_{}_mean",
    realism.typicality_median: "typicality_{}_median",
}
"""The name of a result by the metric; "{}" stands for where it was found."""
LENGTHS = {
    outcome.l2_data_median: "l2_data_{}_mean",
    outcome.l2_latent_median: "l2_latent_{}_mean",
}
"""The name of the mean of what has a median among the metrics, as the paper has it."""
COMPARED = (
    agreement.svm_target,
    agreement.consensus_target,
    agreement.knn_target,
    realism.im1_mean,
)

Found = Mapping[str, Counterfactuals]


@dataclass(frozen=True, eq=False)
class Domain:
    """Real images of two classes, a flow of them, and the classifier to be explained.

    Args:
        train: What models and judges learn from.
        held_out: What none of them has seen.
        flow: The flow.
        model: The classifier.
        source: The class that images are of.
        target: The class that they are to become.
    """

    train: LabelledImages
    held_out: LabelledImages
    flow: Flow
    model: nn.Module
    source: int = 0
    target: int = 1

    def turned(self) -> "Domain":
        """Return the same with source and target exchanged."""

        return replace(self, source=self.target, target=self.source)

    def rows(self, count: int) -> Indices:
        """Return which held-out images are the first that are of the source.

        The model says so.

        Args:
            count: Most images.
        """

        said = classifier_oracle(self.model)(self.held_out.images)

        return (said == self.source).nonzero()[:count, 0]

    def factuals(self, count: int) -> Images:
        """Return the first held-out images that the model takes for the source.

        Args:
            count: Most images.
        """

        return self.held_out.images[self.rows(count)]

    def search(self, x: Images, run: Run) -> Found:
        """Return counterfactuals found in Z and in X.

        Args:
            x: Factuals.
            run: How to search.
        """

        goal = TargetClass(self.target, CONFIDENCE)

        return {
            name: method.explain(x, self.model, self.flow, goal, run)
            for name, method in METHODS.items()
        }

    def judge(
        self,
        found: Found,
        options: ExperimentOptions,
        *,
        confidence: float = CONFIDENCE,
        metrics: Sequence[Metric] = tuple(NAMES),
        settings: Settings | None = None,
    ) -> Evaluation:
        """Return what judges say of counterfactuals and of controls.

        Args:
            found: Counterfactuals by method.
            options: Whether to be quick, and to show a bar.
            confidence: Probability that the classifier must have in the target.
            metrics: What is measured.
            settings: How judges are trained, unless they are to be quick.
        """

        full = settings or Settings()
        settings = quick_settings() if options.quick else full

        return compare(
            found,
            Task(self.model, self.flow, TargetClass(self.target, confidence)),
            Reference(self.train, self.held_out),
            settings=replace(settings, progress=options.progress),
            metrics=metrics,
        )


def trained(name: str) -> nn.Module:
    """Return a model from the folder of weights.

    Args:
        name: Name of its file, such as "celeba-flow".

    Raises:
        FileNotFoundError: If its file is not there.
    """

    path = WEIGHTS / f"{name}.safetensors"

    if not path.is_file():
        raise FileNotFoundError(
            f"the experiment needs {path}, got no file; python -m reproduction train "
            f"{name} trains it"
        )

    return zoo.load(path)


def domain_results(
    domain: Domain,
    found: Found,
    evaluation: Evaluation,
    noise: Noise,
    *,
    tested: LabelledImages | None = None,
) -> dict[str, float]:
    """Return the results that every domain has.

    Args:
        domain: The images and models.
        found: What its search returned.
        evaluation: What its judges said of that.
        noise: What its flow was trained with.
        tested: Held-out images whose classes models are asked for; all if not given.
    """

    tested = domain.held_out if tested is None else tested
    oracles = evaluation.oracles or Oracles(domain.train, Settings())

    return {
        **flow_figures(domain.flow, domain.held_out.images, noise),
        **accuracies("model", classifier_oracle(domain.model), tested),
        **accuracies("oracle", oracles.svm, tested),
        **_method_results(evaluation),
        **_surviving(found, domain.model),
    }


def accuracies(stem: str, oracle: Oracle, data: LabelledImages) -> dict[str, float]:
    """Return the share that a classifier gets right, and its mean over the classes.

    Args:
        stem: Name of the classifier.
        oracle: The classifier.
        data: Labelled images that it has not seen.
    """

    labels = data.labels.double()
    right = (oracle(data.images) == data.labels).double()
    balanced = interval_of(2 * labels + right, _balanced)

    return {
        **interval_of(right, share).as_results(f"{stem}_accuracy"),
        **balanced.as_results(f"{stem}_balanced_accuracy"),
    }


def _balanced(rows: Float[Tensor, "*samples rows"]) -> Float[Tensor, "*samples"]:
    """Return the mean over classes of the share of ones, of rows 2 × class + flag."""

    labels, flags = rows.div(2).floor(), rows.remainder(2)
    shares = []

    for label in labels.unique():
        members = labels == label
        shares.append((flags * members).sum(-1) / members.sum(-1))

    return torch.stack(shares).nanmean(0)


def _method_results(evaluation: Evaluation) -> dict[str, float]:
    results: dict[str, float] = {}

    for name, metric, interval in evaluation.measurements:
        results |= interval.as_results(NAMES[metric].format(name))

    for metric, stem in LENGTHS.items():
        for name in METHODS:
            lengths = evaluation.scores[name][metric.name]
            results |= interval_of(lengths, mean).as_results(stem.format(name))

    for metric in COMPARED:
        stem = NAMES[metric].format(f"{LATENT}_minus_{DATA}")
        results |= evaluation.paired(LATENT, DATA, metric.name).as_results(stem)

    return results


@torch.no_grad()
def flow_figures(flow: Flow, held_out: Images, noise: Noise) -> dict[str, float]:
    """Return bits per dimension of noisy images, and how clean ones come back.

    Args:
        flow: The flow.
        held_out: Images that it has not seen.
        noise: What it was trained with.
    """

    generator = torch.Generator().manual_seed(0)
    bits, errors, norms = [], [], []

    for x in held_out.split(100):
        bits.append(flow.bits_per_dimension(noise(x, 1.0, generator=generator)))
        z = flow.encode(x)
        norms.append(z.norm(dim=1))
        errors.append((flow.decode(z) - x).abs().flatten(1).amax(1))

    return {
        **interval_of(torch.cat(bits), mean).as_results("flow_bits_per_dim"),
        "flow_round_trip_error": torch.cat(errors).max().item(),
        "flow_parameters": float(sum(each.numel() for each in flow.parameters())),
        **interval_of(torch.cat(norms), mean).as_results("latent_norm_mean"),
    }


@torch.no_grad()
def _surviving(records: Found, model: nn.Module) -> dict[str, float]:
    """Return which share of those at the target stay there in coarser pixels."""

    results: dict[str, float] = {}

    for name, record in records.items():
        x, target = record.counterfactual, record.target.long()[:, None]

        for bits, rounded in ((8, to_8_bits(x)), (5, _to_levels(x, 32))):
            sure = (
                in_batches(model, rounded).softmax(1).gather(1, target)[:, 0]
                >= CONFIDENCE
            )
            stays = sure.double().where(record.reached, torch.nan)
            found = interval_of(stays, share)
            results |= found.as_results(f"reached_{name}_{bits}bit")

    return results


def _to_levels(x: Tensor, levels: int) -> Tensor:
    """Round to the centers of bins of equal width, as flows of few levels do."""

    return ((x * levels).floor().clamp(0, levels - 1) + 0.5) / levels

"""What to expect of a generator, by what was measured of others."""

__all__ = ["FIGURES", "expected_of", "why_field", "why_glow", "why_vae"]

FIGURES = {  # by folder and key of the results that they come from
    "mnist-coordinates/glow_seconds_per_image": 0.16,
    "mnist-coordinates/flow_matching_seconds_per_image": 0.78,
    "mnist-coordinates/glow_consensus": 0.92,
    "mnist-coordinates/flow_matching_consensus": 0.94,
    "celeba-coordinates/glow_seconds_per_image": 1.2,
    "celeba-coordinates/flow_matching_seconds_per_image": 3.1,
    "celeba-coordinates/glow_svm": 0.61,
    "celeba-coordinates/flow_matching_svm": 0.66,
    "celeba-coordinates/real_svm": 0.59,
    "mnist-judges/real_consensus": 0.94,
    "celeba-two-commands/glow_second_cnn": 0.48,
    "celeba-two-commands/vae_second_cnn": 0.55,
    "celeba-approximate/flow_seconds_per_image": 1.5,
    "celeba-approximate/flow_svm_target": 0.61,
    "celeba-approximate/vae_residual_svm_target": 0.73,
    "celeba-approximate/vae_round_trip_error": 0.07,
    "celeba-approximate/vae_seconds_per_image": 0.11,
}
JUDGES = {"mnist": "consensus", "celeba": "svm"}
FEWEST = 2000  # images, of which a flow was tried
FACES, DIGITS = 8000, 55_000  # images that flows of the results were trained on


def why_glow() -> str:
    """Return why a flow of images is a Glow, rather than flow matching.

    Example:
        >>> why_glow()[:52]
        'A Glow rather than flow matching, since it is faster'
    """

    return (
        "A Glow rather than flow matching, since it is faster, knows a density, and "
        f"convinces nearly as often: {_beside('glow', 'flow_matching')}."
    )


def why_field() -> str:
    """Return what is gained and lost by flow matching, beside a Glow.

    Example:
        >>> why_field()[:50]
        'Flow matching rather than a Glow: its changes conv'
    """

    return (
        "Flow matching rather than a Glow: its changes convince a little more often "
        f"and take longer to find: {_beside('flow_matching', 'glow')}."
    )


def why_vae() -> str:
    """Return what is gained and lost by an autoencoder, beside a Glow.

    Example:
        >>> why_vae()[:52]
        'An autoencoder rather than a Glow: it is trained and'
    """

    seconds, flow_seconds, svm, flow_svm, lost = (
        FIGURES[f"celeba-approximate/{name}"]
        for name in (
            "vae_seconds_per_image",
            "flow_seconds_per_image",
            "vae_residual_svm_target",
            "flow_svm_target",
            "vae_round_trip_error",
        )
    )

    return (
        "An autoencoder rather than a Glow: it is trained and searched sooner, blurs, "
        f"and knows no density. A face took {seconds} s (Glow: {flow_seconds} s), lost "
        f"{lost} of the range of its pixels, root mean square, and an SVM agreed on "
        f"{svm} where that was put back by --residual ({flow_svm})."
    )


def expected_of(images: int) -> str:
    """Return what to expect of a flow that is trained on so many images, and no fewer.

    Args:
        images: How many.

    Example:
        >>> expected_of(300)[:51]
        '300 images are fewer than any flow was tried with h'
    """

    if images < FEWEST:
        return (
            f"{images:,} images are fewer than any flow was tried with here "
            f"({FEWEST:,} faces): it may learn them by heart, which the page tells; "
            "take more if you can."
        )

    if images < FACES:
        return (
            f"{FEWEST:,} faces made a flow of coarse forms in 20 minutes of one core; "
            f"a second network agreed with {_agreed('glow')} of its smiles, and with "
            f"{_agreed('vae')} of an autoencoder’s (--generator vae). A flow of "
            f"{FACES:,} is known to convince an SVM ({_convinced()})."
        )

    if images < DIGITS:
        return (
            f"of {FACES:,} faces a flow convinced an SVM nearly as often as real faces "
            f"do, after 20 minutes of an accelerator: {_convinced()}."
        )

    return (
        f"of {DIGITS:,} digits a flow convinced four judges in "
        f"{FIGURES['mnist-coordinates/glow_consensus']} of cases, real ones in "
        f"{FIGURES['mnist-judges/real_consensus']}."
    )


def _agreed(generator: str) -> float:
    return FIGURES[f"celeba-two-commands/{generator}_second_cnn"]


def _convinced() -> str:
    made, real = (
        FIGURES[f"celeba-coordinates/{each}_svm"] for each in ("glow", "real")
    )

    return f"{made} of them, of real ones {real}"


def _beside(one: str, other: str) -> str:
    """Return what digits and faces took in coordinates of a kind, beside another's."""

    (digit, agreed), (face, convinced) = (_figures(data, one) for data in JUDGES)
    others = [_figures(data, other) for data in JUDGES]

    return (
        f"a digit took {digit} s ({other.replace('_', ' ')}: {others[0][0]} s), and "
        f"four judges agreed on {agreed} of them ({others[0][1]}); "
        f"a face took {face} s ({others[1][0]} s), and an SVM agreed on {convinced} "
        f"({others[1][1]})"
    )


def _figures(data: str, coordinates: str) -> tuple[float, float]:
    """Return the seconds that an image took, and how often judges agreed."""

    prefix = f"{data}-coordinates/{coordinates}"

    return FIGURES[f"{prefix}_seconds_per_image"], FIGURES[f"{prefix}_{JUDGES[data]}"]

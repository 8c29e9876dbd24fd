"""What to expect of a generator, by what was measured of others."""

__all__ = ["FIGURES", "expected_of", "why_glow"]

FIGURES = {  # by folder and key of the results that they come from
    "mnist-coordinates/glow_seconds_per_image": 0.16,
    "mnist-coordinates/flow_matching_seconds_per_image": 0.78,
    "mnist-coordinates/glow_consensus": 0.92,
    "mnist-coordinates/flow_matching_consensus": 0.94,
    "celeba-coordinates/glow_seconds_per_image": 2.7,
    "celeba-coordinates/flow_matching_seconds_per_image": 4.4,
    "celeba-coordinates/glow_svm": 0.63,
    "celeba-coordinates/flow_matching_svm": 0.66,
    "celeba-coordinates/real_svm": 0.61,
    "mnist-judges/real_consensus": 0.94,
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

    digits, faces = (_figures(data, "glow") for data in ("mnist", "celeba"))
    slow, slower = (_figures(data, "flow_matching") for data in ("mnist", "celeba"))

    return (
        "A Glow rather than flow matching, since it is faster, knows a density, and "
        f"convinces nearly as often: a digit took {digits[0]} s (flow matching: "
        f"{slow[0]} s), and four judges agreed on {digits[1]} of them ({slow[1]}); a "
        f"face took {faces[0]} s ({slower[0]} s), and an SVM agreed on {faces[1]} "
        f"({slower[1]})."
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
            f"{FEWEST:,} faces made a flow of coarse forms in 20 minutes of one core, "
            "in which 100 of 100 reached the other answer; one of "
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


def _convinced() -> str:
    made, real = (
        FIGURES[f"celeba-coordinates/{each}_svm"] for each in ("glow", "real")
    )

    return f"{made} of them, of real ones {real}"


def _figures(data: str, coordinates: str) -> tuple[float, float]:
    """Return the seconds that an image took, and how often judges agreed."""

    prefix = f"{data}-coordinates/{coordinates}"

    return FIGURES[f"{prefix}_seconds_per_image"], FIGURES[f"{prefix}_{JUDGES[data]}"]

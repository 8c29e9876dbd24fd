"""Saliency maps, of which only the place can be right or wrong."""

from collections.abc import Mapping

from captum.attr import IntegratedGradients, Occlusion

from diffeo.shapes import Images, Model

__all__ = ["saliency"]

WINDOW = 4  # pixels of a side of what is occluded at once
STRIDE = 2


def saliency(model: Model, x: Images, target: int) -> Mapping[str, Images]:
    """Return how much each pixel of images speaks for a class, by method.

    Source: Sundararajan, Taly and Yan, 2017, Axiomatic attribution for deep networks;
    Zeiler and Fergus, 2014, Visualizing and understanding convolutional networks. The
    baseline of both is black, as usual.

    Args:
        model: From images to logits.
        x: Images.
        target: The class that they are of.
    """

    window = x.shape[1], WINDOW, WINDOW
    strides = x.shape[1], STRIDE, STRIDE
    occluded = Occlusion(model).attribute(x, window, strides=strides, target=target)

    return {
        "integrated_gradients": IntegratedGradients(model)
        .attribute(x, target=target)
        .detach()
        .to(x.dtype),
        "occlusion": occluded.to(x.dtype),
    }

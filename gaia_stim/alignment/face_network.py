"""Two small networks that others have trained: one finds faces, one the 68 points of a face.

Those of face-api.js (Vincent Mühler; MIT), as npm's @vladmandic/face-api ships them: a YOLO of separable convolutions
(Redmon & Farhadi 2017, Chollet 2017), and a regressor of densely added ones. `face/NOTICE.md` says where they come from
and under which licence. Their weights are kept as they came, a byte each with a scale and a least value.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, leaky_relu, linear, max_pool2d, pad, relu

from gaia_stim.tensors import read_tensors

WEIGHTS = Path(__file__).parent / "face" / "weights.safetensors"
Pictures = Float[Tensor, "batch 3 height width"]
"""RGB, sRGB-encoded, in [0, 1]."""

STRIDE = 32
"""Pixels of a cell of the detector: sides are multiples of it."""
CROP = 112
"""Pixels of a side that the regressor is shown."""
ANCHORS = ((1.603231, 2.094468), (6.041143, 7.080126), (2.882459, 3.518061), (4.266906, 5.178857), (9.041765, 10.66308))
"""Widths and heights of the boxes that the detector varies, in cells."""
MEANS = {"detector": (117.001, 114.697, 97.404), "landmarks": (122.782, 117.001, 104.298)}
"""Of the three colours, 0 to 255, as each was trained."""
SLOPE = 0.1
POINTS = 68


class FaceNetwork:
    """The two networks, in float32 on the processor."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self._weights = weights

    @torch.inference_mode()
    def boxes(self, pictures: Pictures) -> Float[Tensor, "batch boxes 5"]:
        """What may be faces, all of them: centre (x, y), width and height in shares of a side, and a score in [0, 1].

        The pictures are squares, their sides multiples of 32 pixels.
        """
        x = leaky_relu(self._convolved(self._centred(pictures, "detector"), "detector/conv0"), SLOPE)
        for layer in range(1, 6):
            x = leaky_relu(self._separable(_halved(x), f"detector/conv{layer}", (1, 1, 1, 1)), SLOPE)
        x = max_pool2d(pad(x, (0, 1, 0, 1), value=-torch.inf), 2, 1)
        x = self._convolved(x, "detector/conv8")
        cells = x.shape[-1]
        found = x.reshape(-1, len(ANCHORS), 5, cells, cells).permute(0, 3, 4, 1, 2)  # batch, row, column, anchor, 5
        row, column = torch.meshgrid(torch.arange(cells), torch.arange(cells), indexing="ij")
        corners = torch.stack([column, row], dim=-1)[:, :, None]
        centres = (found[..., :2].sigmoid() + corners) / cells
        sizes = found[..., 2:4].exp() * torch.tensor(ANCHORS) / cells
        return torch.cat([centres, sizes, found[..., 4:].sigmoid()], dim=-1).flatten(1, 3)

    @torch.inference_mode()
    def landmarks(self, crops: Pictures) -> Float[Tensor, "batch 68 2"]:
        """The 68 points of faces that fill pictures of 112 pixels: (x, y) in shares of a side."""
        x = self._centred(crops, "landmarks")
        for block in range(4):
            x = self._block(x, f"landmarks/dense{block}", first=block == 0)
        features = avg_pool2d(x, x.shape[-1]).flatten(1)
        found = linear(features, self._weights["landmarks/fc/weights"], self._weights["landmarks/fc/bias"])
        return found.reshape(-1, POINTS, 2)

    def _centred(self, pictures: Pictures, part: str) -> Pictures:
        return pictures - torch.tensor(MEANS[part])[:, None, None] / 255

    def _convolved(self, x: Tensor, name: str, stride: int = 1) -> Tensor:
        return conv2d(x, self._weights[f"{name}/filters"], self._weights[f"{name}/bias"], stride)

    def _separable(self, x: Tensor, name: str, padding: tuple[int, ...], stride: int = 1) -> Tensor:
        x = conv2d(pad(x, padding), self._weights[f"{name}/depthwise_filter"], stride=stride, groups=x.shape[1])
        return conv2d(x, self._weights[f"{name}/pointwise_filter"], self._weights[f"{name}/bias"])

    def _block(self, x: Tensor, name: str, *, first: bool) -> Tensor:
        """Halved, then three times the sum of all before, convolved."""
        if first:
            total = relu(self._convolved(pad(x, (0, 1, 0, 1)), f"{name}/conv0", 2))
        else:
            total = relu(self._separable(x, f"{name}/conv0", (0, 1, 0, 1), 2))
        for layer in range(1, 4):
            # The sum is rectified for what comes next; what is added to is the sum of the unrectified.
            total = total + self._separable(relu(total), f"{name}/conv{layer}", (1, 1, 1, 1))
        return relu(total)


def _halved(x: Tensor) -> Tensor:
    return max_pool2d(x, 2, ceil_mode=True)


@cache
def face_network() -> FaceNetwork:
    """The networks with their weights. Raises `CheckpointError` where the file is damaged."""
    packed, told = read_tensors(WEIGHTS)
    scales = told["quantisation"]
    return FaceNetwork({name: _unpacked(values, *scales[name]) for name, values in packed.items()})


def _unpacked(values: Tensor, scale: float, least: float) -> Tensor:
    return (values.double() * scale + least).float()

"""What cameras and scanners make of a line."""

import numpy as np

from crnn.geometry import HEIGHT
from crnn.synthesis import degradation


def apply_optics(
    rng: np.random.Generator, image: np.ndarray, left: np.ndarray, right: np.ndarray, ten: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tilt, resample, blur, sharpen and add noise, each with its probability.

    Args:
        rng: decides everything.
        image: (height, width) float32.
        left: (characters,) first column of each character.
        right: (characters,) column behind each character.
        ten: whether the line has the format of the data set, which is tilted and blurred more often.

    Returns:
        The image, and ``left`` and ``right`` in it.
    """
    height = image.shape[0]
    pixel = height / HEIGHT  # one pixel of the final image
    tilts, resamples, blurs, sharpens, noises, spots = rng.random(6)
    if tilts < (0.5 if ten else 0.2):
        strength = 2.0 if ten else 1.0
        matrix = degradation.tilt_matrix(
            rng,
            image.shape,
            rotation=strength * rng.normal(0, 0.5) * min(1, 6 * height / image.shape[1]),
            shear=rng.normal(0, 0.05),
            perspective=strength * rng.uniform(0, 0.04),
        )
        image = degradation.warp(image, matrix)
        left, right = (degradation.move_columns(matrix, x, height / 2) for x in (left, right))
    if resamples < 0.3:
        smallest = min(1.0, max(0.4, 14 / height))
        image = degradation.resample(rng, image, rng.uniform(smallest, 1))
    if blurs < (0.5 if ten else 0.25):
        image = degradation.blur(image, rng.uniform(0.3, 1.2 if ten else 1.0) * pixel)
    elif blurs > 0.97:
        image = degradation.motion_blur(rng, image, rng.uniform(1, 3.5) * pixel)
    if sharpens < 0.06:
        image = degradation.sharpen(image, pixel, rng.uniform(0.3, 1.5))
    if noises < (0.15 if ten else 0.35):
        strength = min(rng.exponential(4), 16) * max(0.3, np.ptp(image) / 255)
        image = degradation.add_noise(rng, image, strength)
    if spots < 0.02 and not ten:
        image = degradation.salt_and_pepper(rng, image, rng.uniform(0, 0.02))
    return image, left, right

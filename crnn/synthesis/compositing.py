"""Ink on a ground: how light each pixel of a line is, and what optics and sensors make of it."""

import cv2
import numpy as np

from crnn.geometry import HEIGHT
from crnn.synthesis import degradation

LEAST_CONTRAST = 45  # greys between ink and ground; less, and blur or noise makes a line illegible
_DOT = 6  # pixels, of a dot of a printer while it is drawn
_UNIT = np.linspace(0, 1, 256, dtype=np.float32)  # coverage 0..255 as opacity


def on_screen(rng, coverage, ends, inverted):
    """Clean ink on a clean ground; rarely, some characters in colours of their own.

    Args:
        ends: columns where characters end. inverted: how likely light ink on a dark ground is.
    """
    inverse = rng.random() < inverted
    picture = cv2.LUT(coverage, _screen_colours(rng, inverse))
    if rng.random() < 0.1:  # a link, a keyword, a marked word
        start, end = sorted(int(ends[rng.integers(len(ends))]) + 1 for _ in range(2))
        marked = _screen_colours(rng, inverse)
        if rng.random() < 0.7:  # on the same ground
            marked += (1 - _UNIT) * (picture[0, 0] - marked[0])
        picture[:, start:end] = marked[coverage[:, start:end]]
    return picture


def on_paper(rng, coverage, inverted):
    """Ink of any grey on a ground of any other, both uneven: (height, width) float32."""
    contrast = rng.uniform(LEAST_CONTRAST, 255)
    ink = rng.uniform(0, 255 - contrast)
    ground = ink + contrast
    if rng.random() < inverted:
        ink, ground = ground, ink
    field = np.full(coverage.shape, ground, np.float32)
    lot, strength = rng.random(), rng.random() * contrast
    if lot < 0.2:
        field += degradation.gradient(rng, coverage.shape, 0.6 * strength)
    elif lot < 0.35:
        field += degradation.clouds(rng, coverage.shape, 0.12 * strength, cell=rng.uniform(8, 60))
    elif lot < 0.42:
        field += degradation.clouds(rng, coverage.shape, 0.15 * strength, cell=rng.uniform(1, 5))
    opacity = _UNIT
    if rng.random() < 0.2:  # renderers differ in how dark half covered pixels are
        opacity = _UNIT ** np.float32(rng.uniform(0.6, 1.6))
    return field + (ink - field) * cv2.LUT(coverage, opacity)


def outlined(rng, coverage, size):
    """Bright or dark ink on anything, told from it by an edge or a shadow: subtitles, titles: float32."""
    ink, edge = rng.uniform(190, 256), rng.uniform(0, 60)
    if rng.random() < 0.2:
        ink, edge = edge, ink
    reach = max(1, round(size * rng.uniform(0.03, 0.1)))
    if rng.random() < 0.7:  # an edge all around lets the ground have any brightness
        ground = rng.uniform(0, 255)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        around = cv2.dilate(coverage, disc)
    else:
        ground = edge + (ink - edge) * rng.uniform(0, 0.7)
        shift = np.float32([[1, 0, reach], [0, 1, reach]])
        around = cv2.warpAffine(coverage, shift, coverage.shape[::-1])
    if rng.random() < 0.5:
        around = cv2.GaussianBlur(around, (0, 0), reach / 2)
    picture = degradation.clouds(rng, coverage.shape, rng.uniform(0, 60), cell=rng.uniform(3, 80))
    picture = np.clip(picture + ground, 0, 255)
    for layer, grey in ((around, edge), (coverage, ink)):
        picture += (np.float32(grey) - picture) * _UNIT[layer]
    return picture


def embossed(rng, coverage, size):
    """Letters embossed in their ground and lit from one side, or drawn as outlines alone: float32."""
    reach = max(1, round(size * rng.uniform(0.02, 0.06)))
    ground, contrast = rng.uniform(80, 175), rng.uniform(40, 80)
    if rng.random() < 0.5:
        outlines = cv2.morphologyEx(coverage, cv2.MORPH_GRADIENT, np.ones((reach + 1, reach + 1), np.uint8))
        sign = 1 if rng.random() < 0.5 else -1
        return ground + sign * contrast * _UNIT[outlines]
    away, towards = (np.float32([[1, 0, side * reach], [0, 1, side * reach]]) for side in (-1, 1))
    lit, dark = (cv2.warpAffine(coverage, shift, coverage.shape[::-1]) for shift in (away, towards))
    return ground + contrast * (_UNIT[lit] - _UNIT[dark] + np.float32(rng.uniform(-0.4, 0.4)) * _UNIT[coverage])


def dotted(rng, coverage, size):
    """Ink coverage of dots in rows, as of a dot-matrix printer. ``size``: em, in pixels."""
    height, width = coverage.shape
    pitch = size / rng.uniform(16, 30)
    dots = cv2.resize(
        coverage, (max(1, round(width / pitch)), max(1, round(height / pitch))), interpolation=cv2.INTER_AREA
    )
    dots = (dots > rng.uniform(80, 150)).astype(np.uint8)
    y, x = np.mgrid[:_DOT, :_DOT] - (_DOT - 1) / 2
    dot = np.where(np.hypot(x, y) < _DOT * rng.uniform(0.35, 0.6), 255, 0).astype(np.uint8)
    return cv2.resize(np.kron(dots, dot), (width, height), interpolation=cv2.INTER_AREA)


def faded(rng, coverage, size):
    """Ink coverage where spots of it have come off, or never came on the paper."""
    spots = degradation.clouds(rng, coverage.shape, 1.0, cell=max(1.5, size * rng.uniform(0.03, 0.15)))
    left = np.clip((rng.uniform(0.8, 1.8) - spots) / rng.uniform(0.05, 0.6), 0, 1)
    return (coverage * left).astype(np.uint8)


def watermark(rng, coverage):
    """Faint print that is not the line's: of the other side of the paper, or a watermark: parts of the contrast."""
    height, width = coverage.shape
    if rng.random() < 0.5:
        other = np.roll(coverage[:, ::-1], int(rng.normal(0, 0.3) * height), axis=0)
        other = cv2.GaussianBlur(other, (0, 0), height * rng.uniform(0.01, 0.05))
    else:
        zoom = rng.uniform(1.3, 4)
        x, y = rng.uniform(0, 1 - 1 / zoom, 2) * (width, height)
        other = cv2.warpAffine(coverage, np.float32([[zoom, 0, -zoom * x], [0, zoom, -zoom * y]]), (width, height))
    return np.float32(rng.choice((-1, 1)) * rng.uniform(0.05, 0.3)) * _UNIT[other]


def divide(rng, picture, ends):
    """Make what is light in a part of a picture dark: the rest of a button, a chosen part; in place.

    Args:
        ends: columns where characters end; the part begins or ends behind one of them.
    """
    at = max(1, int(ends[rng.integers(len(ends))]) + 1)
    part = picture[:, at:] if rng.random() < 0.5 else picture[:, :at]
    low, high = picture.min(), picture.max()
    part[:] = high - (part - low) * np.float32(rng.uniform(0.5, 1))


def apply_optics(rng, picture, left, right, ten):
    """What optics and sensors do to a picture, and where its characters stand afterwards."""
    height = picture.shape[0]
    pixel = height / HEIGHT  # one pixel of the 32 rows that will be left
    lot = rng.random(6)
    if lot[0] < (0.5 if ten else 0.2):
        strong = 2.0 if ten else 1.0
        matrix = degradation.tilt(
            rng,
            picture.shape,
            rotation=strong * rng.normal(0, 0.5) * min(1, 6 * height / picture.shape[1]),
            shear=rng.normal(0, 0.05),
            perspective=strong * rng.uniform(0, 0.04),
        )
        picture = degradation.warp(picture, matrix)
        left, right = (degradation.moved(matrix, x, height / 2) for x in (left, right))
    if lot[1] < 0.3:
        least = min(1.0, max(0.4, 14 / height))
        picture = degradation.shrink_and_grow(rng, picture, rng.uniform(least, 1))
    if lot[2] < (0.5 if ten else 0.25):
        picture = degradation.blur(picture, rng.uniform(0.3, 1.2 if ten else 1.0) * pixel)
    elif lot[2] > 0.97:
        picture = degradation.motion_blur(rng, picture, rng.uniform(1, 3.5) * pixel)
    if lot[3] < 0.06:
        picture = degradation.sharpen(picture, pixel, rng.uniform(0.3, 1.5))
    if lot[4] < (0.15 if ten else 0.35):
        strength = min(rng.exponential(4), 16) * max(0.3, np.ptp(picture) / 255)
        picture = degradation.grain(rng, picture, strength)
    if lot[5] < 0.02 and not ten:
        picture = degradation.salt_and_pepper(rng, picture, rng.uniform(0, 0.02))
    return picture, left, right


def _screen_colours(rng, inverted):
    """The grey of every coverage: (256,) float32."""
    ink = (0, 0, 20, 51, 85, 120)[rng.integers(6)]
    ground = (255, 255, 250, 240, 220)[rng.integers(5)]
    if inverted:
        ink, ground = 255 - ink, 255 - ground
    return ground + (ink - ground) * _UNIT

"""What may happen to the image of a line before it is read: each function takes a grey image and returns another."""

from collections.abc import Sequence

import cv2
import numpy as np

BESIDE = 0.12  # of the height of a line: the gap between it and its neighbours


def background_of(image: np.ndarray) -> int:
    """Return the grey level of most of the border."""
    return int(np.median(np.concatenate((image[0], image[-1], image[:, 0], image[:, -1]))))


def add_margins(image: np.ndarray, above: float = 0.0, below: float = 0.0, beside: float = 0.0) -> np.ndarray:
    """Add background around an image; the parts are shares of its height."""
    top, bottom, side = (round(part * len(image)) for part in (above, below, beside))
    return cv2.copyMakeBorder(image, top, bottom, side, side, cv2.BORDER_CONSTANT, value=background_of(image))


def crop(image: np.ndarray, share: float) -> np.ndarray:
    """Cut off a share of the height at the top, and the same at the bottom."""
    rows = round(share * len(image))
    return image[rows : len(image) - rows]


def add_neighbours(image: np.ndarray, share: float) -> np.ndarray:
    """Put parts of other lines above and below, a share of a line each: the same line, mirrored."""
    height = len(image)
    part = round(share * height)
    gap = np.full((round(BESIDE * height), image.shape[1]), background_of(image), np.uint8)
    other = image[:, ::-1]
    return np.vstack((other[height - part :], gap, image, gap, other[:part]))


def rotate(image: np.ndarray, degrees: float) -> np.ndarray:
    """Rotate the line on a background high enough for it."""
    height, width = image.shape
    rise = abs(np.tan(np.radians(degrees))) * width / height
    wider = add_margins(image, rise / 2, rise / 2)
    turn = cv2.getRotationMatrix2D((width / 2, len(wider) / 2), degrees, 1)
    return cv2.warpAffine(wider, turn, (width, len(wider)), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def resize(image: np.ndarray, height: int, stretch: float = 1.0) -> np.ndarray:
    """Scale to ``height`` rows, and to ``stretch`` times the width that keeps the ratio."""
    width = max(1, round(image.shape[1] * height / len(image) * stretch))
    shrinks = height < len(image)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blur by a Gaussian of ``sigma`` pixels at 32 rows."""
    return cv2.GaussianBlur(image, (0, 0), sigma * len(image) / 32)


def smear(image: np.ndarray, pixels: int) -> np.ndarray:
    """Blur sideways over ``pixels`` columns at 48 rows, as a moving camera does."""
    return cv2.blur(resize(image, 48), (pixels, 1))


def add_noise(image: np.ndarray, strength: float) -> np.ndarray:
    """Add Gaussian noise of a standard deviation of ``strength`` grey levels."""
    noise = np.random.default_rng(0).normal(0, strength, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def compress(image: np.ndarray, quality: int) -> np.ndarray:
    """Save as JPEG of a quality, and read that."""
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE))


def reduce_contrast(image: np.ndarray, contrast: float) -> np.ndarray:
    """Scale the distance of each pixel from middle grey by ``contrast``."""
    return np.rint(127.5 + (image - 127.5) * contrast).astype(np.uint8)


def light_unevenly(image: np.ndarray, light: Sequence[float]) -> np.ndarray:
    """Multiply columns by factors, which are interpolated between the ones given from left to right."""
    places = np.linspace(0, image.shape[1] - 1, len(light))
    return np.rint(image * np.interp(np.arange(image.shape[1]), places, light)).astype(np.uint8)


def add_shadow(image: np.ndarray) -> np.ndarray:
    """Put a sharp shadow over the middle third."""
    third = image.shape[1] // 3
    darker = image.copy()
    darker[:, third : 2 * third] //= 2
    return darker


def add_stripes(image: np.ndarray) -> np.ndarray:
    """Add slanting stripes at 48 rows, a fifth of the contrast, as on a photographed screen."""
    image = resize(image, 48)
    height, width = image.shape
    columns, rows = np.arange(width)[None], np.arange(height)[:, None]
    stripes = 25 * np.sin(2 * np.pi * (columns + rows / 3) / 9)
    return np.clip(50 + 0.6 * image + stripes, 0, 255).astype(np.uint8)


def put_on_texture(image: np.ndarray, strength: float, cell: int) -> np.ndarray:
    """Put the line on an uneven background with spots of ``cell`` pixels at 48 rows."""
    image = resize(image, 48)
    height, width = image.shape
    spots = np.random.default_rng(0).normal(0, strength, (max(2, height // cell), max(2, width // cell)))
    texture = cv2.resize(spots.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(50 + 0.6 * image + texture, 0, 255).astype(np.uint8)


def put_in_cell(image: np.ndarray) -> np.ndarray:
    """Put vertical rules of a table to the left and the right, at 48 rows."""
    image = add_margins(resize(image, 48), beside=0.4)
    image[:, 3:5] = image[:, -5:-3] = 255 - background_of(image)
    return image


def bend(image: np.ndarray, pixels: int) -> np.ndarray:
    """Make the baseline a wave, ``pixels`` high at 32 rows."""
    image = add_margins(image, 0.2, 0.2)
    height, width = image.shape
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    rows += np.float32(pixels * height / 45) * np.sin(2 * np.pi * columns / width)
    return cv2.remap(image, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def narrow_to_the_right(image: np.ndarray, share: float) -> np.ndarray:
    """Narrow the line to a share of its height at its right end, at 48 rows."""
    image = resize(add_margins(image, 0.05, 0.05), 48)
    height, width = image.shape
    lost = height * (1 - share) / 2
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = corners + np.array([[0, 0], [0, lost], [0, -lost], [0, 0]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, seen)
    return cv2.warpPerspective(image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=background_of(image))


def slant(image: np.ndarray, tangent: float) -> np.ndarray:
    """Slant the line by an angle of this tangent, at 48 rows."""
    image = add_margins(resize(image, 48), beside=0.3)
    height, width = image.shape
    slant = np.array([[1, -tangent, tangent * height / 2], [0, 1, 0]], np.float32)
    return cv2.warpAffine(image, slant, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def invert_half(image: np.ndarray) -> np.ndarray:
    """Invert the right half."""
    half = image.shape[1] // 2
    return np.hstack((image[:, :half], 255 - image[:, half:]))


def _ink(image):
    """Return how far each pixel is from the background: uint8."""
    return cv2.absdiff(image, np.full_like(image, background_of(image)))


def outline(image: np.ndarray) -> np.ndarray:
    """Draw outlines alone, dark on light, at 96 rows."""
    return 255 - cv2.morphologyEx(_ink(resize(image, 96)), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))


def emboss(image: np.ndarray) -> np.ndarray:
    """Draw the text in the colour of the background, lit from the top left, at 64 rows."""
    ink = _ink(resize(image, 64)).astype(np.float32)
    return np.clip(128 + 0.5 * (ink - np.roll(ink, (2, 2), (0, 1))), 0, 255).astype(np.uint8)


def strike_through(image: np.ndarray) -> np.ndarray:
    """Draw a thin rule through the middle, at 48 rows."""
    image = resize(image, 48).copy()
    image[24:26] = 255 - background_of(image)
    return image


def add_watermark(image: np.ndarray) -> np.ndarray:
    """Put large grey letters over the line, at 48 rows."""
    image = resize(image, 48)
    letters = np.zeros_like(image)
    cv2.putText(letters, "SAMPLE " * (letters.shape[1] // 200 + 1), (0, 40), cv2.FONT_HERSHEY_DUPLEX, 1.4, 255, 4)
    return np.where(letters > 0, image + 0.3 * (128.0 - image), image).astype(np.uint8)


def add_print_behind(image: np.ndarray) -> np.ndarray:
    """Let the print of the other side of the paper show through, at 48 rows."""
    image = resize(image, 48).astype(np.float32)
    behind = np.roll(cv2.GaussianBlur(image[:, ::-1], (0, 0), 1.2), 9, axis=0)
    return np.clip(image + 0.25 * (behind - background_of(image)), 0, 255).astype(np.uint8)


def binarize(image: np.ndarray) -> np.ndarray:
    """Make the image black and white by Otsu's threshold."""
    return cv2.threshold(image, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1]


def print_with_pins(image: np.ndarray, rows: int) -> np.ndarray:
    """Draw dark dots of ``rows`` pins, four pixels apart, that do not quite touch."""
    ink = binarize(_ink(resize(image, rows)))
    dot = cv2.circle(np.zeros((4, 4), np.uint8), (2, 2), 1, 1, -1)
    return 255 - np.kron(ink, dot)


def fade(image: np.ndarray, share: float) -> np.ndarray:
    """Remove the ink of a share of the pixels, in spots, at 48 rows."""
    image = resize(image, 48)
    spots = cv2.GaussianBlur(np.random.default_rng(1).normal(size=image.shape), (0, 0), 1.5)
    return np.where(spots > np.quantile(spots, 1 - share), background_of(image), image).astype(np.uint8)


def add_dust(image: np.ndarray, share: float) -> np.ndarray:
    """Make a share of the pixels black or white, at 48 rows."""
    image = resize(image, 48)
    u = np.random.default_rng(1).random(image.shape)
    return np.where(u < share / 2, 0, np.where(u > 1 - share / 2, 255, image)).astype(np.uint8)

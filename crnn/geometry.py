"""Sizes of lines, all in pixels at the height that the network reads, and the time steps they make."""

HEIGHT = 32  # rows of a line: the convolutions and poolings reduce them to exactly one
MAX_COLUMNS = 2**18  # of a line
STRIDE = 4  # columns that one time step stands for
MIN_WIDTH = 280  # columns of the data set's own images, and of the synthetic lines; narrower ones are padded to it
BUCKET_WIDTH = 40  # columns: images of other widths are padded to a multiple of this, so that few shapes occur


def time_steps(width):
    """Return the time steps that the network makes of ``width`` columns: 69 for 280.

    Works on numbers, NumPy arrays and tensors alike. The last step is lost to the 2 x 2 kernel of the last convolution.

    >>> time_steps(280)
    69
    """
    return width // STRIDE - 1


def step_centre(step):
    """Return the column that the middle of a time step looks at; works on numbers and arrays alike.

    >>> step_centre(0)
    4
    """
    return STRIDE * (step + 1)


def padded_width(width: int) -> int:
    """Return the columns that an image of a data set is padded to: at least 280, and a multiple of 40.

    >>> padded_width(100), padded_width(281)
    (280, 320)
    """
    return max(MIN_WIDTH, -(-width // BUCKET_WIDTH) * BUCKET_WIDTH)

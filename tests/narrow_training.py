"""Train a network of a sixteenth of the width, as ``train.py`` does: ``python -m tests.narrow_training --help``.

Nearly all of its time goes by outside of the steps, so that a kill at a random moment hits starts, saves and ends too.
"""

import os
import sys

from crnn.console import run

NARROWER = 16
WIDE = "con7"  # whose channels are the vector of a time step, which the network is shaped to


def narrow(network):
    """Make the layers that ``crnn.model.network`` builds from now on narrower."""
    convolution, lstm = network.convolution, network.LSTM

    def narrow_convolution(x, filters, name, *arguments, **options):
        return convolution(x, filters if name == WIDE else filters // NARROWER, name, *arguments, **options)

    network.convolution = narrow_convolution
    network.LSTM = lambda units, **options: lstm(units // NARROWER, **options)


def main():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from crnn.model import network
    from crnn.training.__main__ import main as train

    narrow(network)
    return train()


if __name__ == "__main__":
    sys.exit(run(main))

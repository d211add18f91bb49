"""Lines that teach: of those drawn, the ones that the weights before misread.

Four lines in five of a trained network's stream are read right and hardly move it, but take as long
to learn from. Reading a line costs a tenth of learning from it. After Jiang et al.: Accelerating Deep
Learning by Focusing on the Biggest Losers, 2019; chosen by error and not by loss, with weights that
stay the same for a whole stage, so that every batch is a function of its number.
"""

import numpy as np

from crnn.evaluation import best_paths, score_paths

MOST = 0.75  # of a batch are misread lines; the others keep it what it has learned


class Selection:
    """Picks lines.

    Args:
        predict: probabilities of float32 images, as ``prediction.predictor`` gives it. charset: the table.
    """

    def __init__(self, predict, charset):
        self.predict, self.charset = predict, charset

    def hardest(self, batch, size):
        """``size`` lines of a ``stream.Batch``: those misread, at most ``MOST``, then others, as they come."""
        _, pairs = score_paths(best_paths(self.predict, batch.images), batch.texts, self.charset)
        wrong = np.array([truth != said for truth, said in pairs])
        misread, right = np.flatnonzero(wrong), np.flatnonzero(~wrong)
        rows = [*misread[: int(MOST * size)], *right, *misread[int(MOST * size) :]]
        return batch.take(np.array(rows[:size]))

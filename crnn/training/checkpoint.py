"""The whole state of a training in one file, from which it goes on exactly."""

import json
import os
from pathlib import Path

import numpy as np
from keras import ops


class Checkpoint:
    """A file with the values of variables, how far the training is, and what it was told to do.

    Args:
        path: ``*.npz``. configuration: what JSON can hold; another one cannot go on from the file.
    """

    def __init__(self, path, configuration):
        self.path = Path(path)
        self.configuration = json.loads(json.dumps(configuration))  # as it will be read: tuples are lists

    def save(self, variables, **progress):
        """Write everything: whole, or not at all.

        Args:
            variables: dict of name -> Keras variable. progress: what JSON can hold.
        """
        values = {name: np.asarray(ops.convert_to_numpy(variable)) for name, variable in variables.items()}
        partial = self.path.with_suffix(".partial.npz")
        np.savez(partial, configuration=json.dumps(self.configuration), progress=json.dumps(progress), **values)
        os.replace(partial, self.path)

    def progress(self):
        """What ``save`` was told of the progress; None if there is no file.

        Raises:
            ValueError: the file cannot be read, or belongs to another configuration.
        """
        if not self.path.exists():
            return None
        try:
            with np.load(self.path) as state:
                configuration, progress = (json.loads(str(state[name])) for name in ("configuration", "progress"))
        except (OSError, ValueError, KeyError) as error:
            raise ValueError(f"{self.path} is no state of a training ({error}): delete it to start anew") from None
        for name, value in self.configuration.items():
            other = configuration.get(name)
            if other != value:
                raise ValueError(
                    f"{self.path} belongs to a training with another {name} ({other!r}, not {value!r}): "
                    "name another --folder, or delete it"
                )
        return progress

    def restore(self, variables):
        """Give variables the values that ``save`` wrote."""
        with np.load(self.path) as state:
            for name, variable in variables.items():
                variable.assign(state[name])


def variables_of(**groups):
    """Named variables of models and optimizers, for ``Checkpoint``: ``group/number`` -> variable."""
    return {f"{name}/{place}": v for name, group in groups.items() for place, v in enumerate(group.variables)}

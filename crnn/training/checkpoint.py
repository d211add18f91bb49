"""The whole state of a training in one file, from which it goes on exactly."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from crnn.files import atomic_file, read_arrays


class Checkpoint:
    """Keep the values of variables, how far a training is, and its recipe in a file.

    Args:
        path: ``*.npz``.
        recipe: what JSON can hold; another one cannot go on from the file.
    """

    def __init__(self, path: str | Path, recipe: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self.recipe = json.loads(json.dumps(recipe))  # as it will be read: tuples are lists

    def write(self, values: Mapping[str, np.ndarray], progress: Mapping[str, Any]) -> None:
        """Write everything: whole, or not at all.

        Args:
            values: as ``values_of`` gives them.
            progress: what JSON can hold.
        """
        with atomic_file(self.path) as file:
            np.savez(file, configuration=json.dumps(self.recipe), progress=json.dumps(progress), **values)  # type: ignore[arg-type]

    def progress(self, kinds: Mapping[str, type]) -> dict[str, Any] | None:
        """Return the progress that ``write`` was given; None if there is no file.

        Args:
            kinds: the type of each value, by its name.

        Raises:
            ValueError: the file cannot be read, or belongs to another recipe.
        """
        if not self.path.exists():
            return None
        try:
            state = read_arrays(self.path, ("configuration", "progress"))
            recipe, progress = (json.loads(str(state[name])) for name in ("configuration", "progress"))
            if not isinstance(recipe, dict) or {name: type(value) for name, value in progress.items()} != kinds:
                raise ValueError("its progress is that of another kind of training")
        except (OSError, ValueError, AttributeError) as error:
            raise self._refusal(error) from None
        for name, value in self.recipe.items():
            other = recipe.get(name)
            if other != value:
                raise ValueError(
                    f"{self.path} belongs to a training with another {name} ({other!r}, not {value!r}): "
                    "name another --folder, or delete it"
                )
        return progress

    def restore(self, variables: Mapping[str, Any]) -> None:
        """Give variables the values that ``write`` wrote.

        Raises:
            ValueError: the file does not hold them all; no variable is changed then.
        """
        try:
            state = read_arrays(self.path, tuple(variables))
        except (OSError, ValueError) as error:
            raise self._refusal(error) from None
        for name, variable in variables.items():
            if state[name].shape != tuple(variable.shape) or state[name].dtype.kind not in "biuf":
                raise self._refusal(f"{name} has the shape {state[name].shape}, not {tuple(variable.shape)}")
            if not np.isfinite(state[name]).all():
                raise self._refusal(f"{name} is not finite: the training went wrong")
        for name, variable in variables.items():
            variable.assign(state[name])

    def _refusal(self, reason: object) -> ValueError:
        return ValueError(f"{self.path} is no state of a training ({reason}): delete it to start anew")


def variables_of(**groups: Any) -> dict[str, Any]:
    """Name the variables of models, layers and optimizers for ``Checkpoint``: ``group/number`` -> variable."""
    return {f"{name}/{place}": v for name, group in groups.items() for place, v in enumerate(group.variables)}


def values_of(variables: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Copy the values of Keras variables, so that a training can go on while they are written."""
    return {name: np.array(ops.convert_to_numpy(variable)) for name, variable in variables.items()}


class BackgroundWriter:
    """Write files in a thread, one after another; use as a context manager, which waits for the last."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._last: Future | None = None

    def submit(self, write: Callable[[], None]) -> None:
        """Call ``write`` in the thread, once the write before it has ended.

        Raises:
            Exception: what the write before it raised.
        """
        self.wait()
        self._last = self._pool.submit(write)

    def wait(self) -> None:
        """Wait for the write at hand.

        Raises:
            Exception: what it raised.
        """
        last, self._last = self._last, None
        if last:
            last.result()

    def __enter__(self) -> "BackgroundWriter":
        return self

    def __exit__(self, *_: Any) -> None:
        self._pool.shutdown()
        self.wait()

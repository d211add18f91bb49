"""Where synthetic lines come from: fonts, texts, a seed and a configuration."""

from dataclasses import dataclass, field
from pathlib import Path

from crnn.charset import Charset
from crnn.geometry import MIN_WIDTH
from crnn.synthesis.config import SynthesisConfig
from crnn.synthesis.fonts import FontSet, system_folders
from crnn.synthesis.line_generator import LineGenerator
from crnn.synthesis.line_store import LineStore
from crnn.synthesis.texts import Texts


@dataclass(frozen=True)
class LineSource:
    """Everything that a process needs to generate the same lines as another; can be pickled.

    Attributes:
        fonts: folders of fonts.
        texts: UTF-8 text files, or folders of them.
        seed: each seed gives another endless series of lines.
        system_fonts: whether the fonts of the system are used too.
        config: probabilities of the effects.
        rendered: files of lines, as ``python -m crnn.tools.render_in_browser`` writes them.
    """

    fonts: tuple[Path, ...] = ()
    texts: tuple[Path, ...] = ()
    seed: int = 0
    system_fonts: bool = True
    config: SynthesisConfig = field(default_factory=SynthesisConfig)
    rendered: tuple[Path, ...] = ()

    def generator(self, charset: Charset, width: int = MIN_WIDTH) -> LineGenerator:
        """Load fonts and texts, and return the generator of the lines.

        Args:
            charset: the table of labels.
            width: columns that a line may fill.

        Raises:
            ValueError: no font can write Chinese, or none can write English.
        """
        folders = [*self.fonts, *(system_folders() if self.system_fonts else ())]
        fonts, texts = FontSet(folders, charset), Texts(charset, self.texts, dict(self.config.kinds))
        rendered = [LineStore(path) for path in self.rendered]
        return LineGenerator(fonts, texts, charset, self.seed, width, config=self.config, rendered=rendered)

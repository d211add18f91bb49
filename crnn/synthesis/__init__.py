"""Lines of text drawn from fonts and texts: the training data of this project.

``faces`` finds and draws fonts, ``texts`` says what stands in a line, ``drawing`` puts the two
together, ``shaping`` bends it, ``surroundings`` says what stands beside it, ``inking`` makes a picture
of it as cameras, scanners and browsers do, by means of ``degradation``, ``lines`` draws all the lots,
``stream`` feeds a trainer from other processes. ``gather`` fetches the fonts and the texts that the
project's own weights learn from, ``corpora`` gets the texts out of their packages.
"""

"""Drafts of cards: looks at files of data and writes the card that reads them, with a reason for every guess.

``drafting`` is the way in. ``found`` lists files, ``names`` finds languages and splits in their names, ``look`` tells
what kind of file each is, ``dialect``, ``columns`` and ``tagged`` look into tables and tagged words, ``language``
guesses languages, ``tables``, ``lines``, ``words`` and ``searches`` make a draft of one kind each, and ``written`` puts
it into TOML.
"""

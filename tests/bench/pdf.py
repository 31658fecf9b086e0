"""How fast letters are laid out as PDF, against LibreOffice used as documented."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from flows.errors import ConfigurationError
from flows.letters import campaign, libreoffice
from flows.letters.filler import Filler
from flows.letters.pdf import convert
from tests.bench.letters import CAMPAIGN, ON, reader
from tests.bench.measured import Measured, faster, pairwise

PDFS = 200
"""Letters; of 400 files in one call LibreOffice 7.4 converts 247, and ends as if all were well."""


def rows(quick: bool) -> Iterator[Measured]:
    """The model letter with its emblem; ours with all that belongs to it, reading back too."""
    try:
        program = libreoffice.find()
    except ConfigurationError:
        return
    filler = Filler(campaign.load(CAMPAIGN), ON)
    letters = [filler.fill(reader(number)) for number in range(100 if quick else PDFS)]
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for letter in letters:
            files.append(Path(folder) / f"{letter.reader.contact.id}.docx")
            files[-1].write_bytes(letter.docx)
        profile = (Path(folder) / "profile").as_uri()
        command = [program, f"-env:UserInstallation={profile}", "--headless"]
        command += ["--convert-to", "pdf", "--outdir", folder, *map(str, files)]

        def theirs() -> None:
            subprocess.run(command, check=True, capture_output=True)
            made = [file.with_suffix(".pdf") for file in files]
            assert all(one.exists() for one in made), "LibreOffice left letters out"
            for one in made:
                one.unlink()

        for processes, goal in ((2, 5),) if quick else ((2, 5), (1, 2)):

            def ours(processes: int = processes) -> None:
                done = convert.convert(letters, processes=processes)
                assert not any(isinstance(one, convert.Failed) for one in done)

            units = (len(letters), len(letters))
            measured = pairwise(ours, theirs, pairs=1 if quick else 5, units=units)
            work = f"PDF letter on {processes} process{'es' * (processes > 1)}"
            yield faster(work, "LibreOffice, all files in one call", goal, measured)
            if processes == 2:
                lowest = measured.ratios[0]
                yield Measured(work, "the same, the lowest of the pairs", lowest, "x", 4, False)

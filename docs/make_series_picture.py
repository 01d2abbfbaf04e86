"""Draw the picture of simulated films and precipitates. Run: python docs/make_series_picture.py."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from napari_microgen.progress import finish
from napari_microgen.simulate.precipitates import precipitate_law, precipitate_sample
from napari_microgen.simulate.thin_film import FilmConditions, film_sample

EDGE = 176
FILMS = {
    "20 C": FilmConditions(),
    "500 C": FilmConditions(temperature=500, ion_energy=5),
    "800 C": FilmConditions(temperature=800, oxygen=3),
    "500 C, 60 at.% Al": FilmConditions(temperature=500, aluminium=60, ionisation=1, ion_energy=7),
    "500 C, 107 eV": FilmConditions(temperature=500, aluminium=10, ionisation=1, ion_energy=107),
}
ALLOYS = {
    "T5, 6 mm/s": ("T5", 6.0, 470.0),
    "T5, 14 mm/s": ("T5", 14.0, 550.0),
    "T6, 10 mm/s": ("T6", 10.0, 510.0),
}


def main() -> None:
    """Write the picture."""
    tiles = {text: finish(film_sample(c, (EDGE, EDGE), seed=1)).image for text, c in FILMS.items()}
    tiles |= {
        text: precipitate_sample(precipitate_law(*a), (EDGE, EDGE), seed=2).image
        for text, a in ALLOYS.items()
    }
    pictures = []
    for text, pixels in tiles.items():
        picture = Image.fromarray(pixels)
        draw = ImageDraw.Draw(picture)
        draw.rectangle((0, 0, 6 * len(text) + 6, 13), fill=0)
        draw.text((3, 1), text, fill=255)
        pictures.append(np.pad(np.asarray(picture), 2, constant_values=255))
    grid = np.vstack([np.hstack(pictures[:4]), np.hstack(pictures[4:])])
    Image.fromarray(grid).save(Path(__file__).parent / "images" / "simulated_series.png", optimize=True)


if __name__ == "__main__":
    main()

"""What is cited: the one table of references, for `gaia-stim cite` and for the paper (`paper/paper.bib`)."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Reference:
    """A publication, or a program."""

    key: str
    authors: tuple[str, ...]
    """Each as "Family, A. B."; a group as it is."""
    year: int
    title: str
    place: str = ""
    """Where it stands: the journal with volume and pages, the proceedings, the book's publisher."""
    doi: str = ""
    url: str = ""
    kind: str = "article"
    """As BibTeX has it."""

    @property
    def link(self) -> str:
        return f"https://doi.org/{self.doi}" if self.doi else self.url

    @property
    def text(self) -> str:
        """As it stands in a list of references."""
        parts = [f"{_listed(self.authors)} ({self.year}).", f"{self.title}."]
        return " ".join([*parts, *([f"{self.place}."] if self.place else []), *([self.link] if self.link else [])])

    @property
    def bibtex(self) -> str:
        """As BibTeX has it, in UTF-8."""
        place = {"article": "journal", "inproceedings": "booktitle", "book": "publisher"}.get(self.kind, "howpublished")
        fields = {
            "author": " and ".join(one if "," in one else f"{{{one}}}" for one in self.authors),
            "title": f"{{{self.title}}}",
            "year": str(self.year),
            place: self.place,
            "doi": self.doi,
            "url": "" if self.doi else self.url,
        }
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
        return f"@{self.kind}{{{self.key},\n{lines}}}\n"


def _listed(authors: tuple[str, ...]) -> str:
    return authors[0] if len(authors) == 1 else f"{', '.join(authors[:-1])}, & {authors[-1]}"


REFERENCES: dict[str, Reference] = {
    one.key: one
    for one in (
        Reference(
            "sainburg2018",
            ("Sainburg, T.", "Thielk, M.", "Theilman, B.", "Migliori, B.", "Gentner, T."),
            2018,
            "Generative adversarial interpolative autoencoding: adversarial training on latent space interpolations "
            "encourages convex latent distributions",
            "arXiv:1807.06650",
            url="https://arxiv.org/abs/1807.06650",
        ),
        Reference(
            "shu2018",
            ("Shu, Z.", "Sahasrabudhe, M.", "Güler, R. A.", "Samaras, D.", "Paragios, N.", "Kokkinos, I."),
            2018,
            "Deforming autoencoders: Unsupervised disentangling of shape and appearance",
            "European Conference on Computer Vision",
            url="https://arxiv.org/abs/1806.06503",
            kind="inproceedings",
        ),
        Reference(
            "arsigny2006",
            ("Arsigny, V.", "Commowick, O.", "Pennec, X.", "Ayache, N."),
            2006,
            "A log-Euclidean framework for statistics on diffeomorphisms",
            "Medical Image Computing and Computer-Assisted Intervention, 924-931",
            "10.1007/11866565_113",
            kind="inproceedings",
        ),
        Reference(
            "huang2018",
            ("Huang, X.", "Liu, M.-Y.", "Belongie, S.", "Kautz, J."),
            2018,
            "Multimodal unsupervised image-to-image translation",
            "European Conference on Computer Vision",
            url="https://arxiv.org/abs/1804.04732",
            kind="inproceedings",
        ),
        Reference(
            "kingma2014",
            ("Kingma, D. P.", "Welling, M."),
            2014,
            "Auto-encoding variational Bayes",
            "International Conference on Learning Representations",
            url="https://arxiv.org/abs/1312.6114",
            kind="inproceedings",
        ),
        Reference(
            "kingma2018",
            ("Kingma, D. P.", "Dhariwal, P."),
            2018,
            "Glow: Generative flow with invertible 1x1 convolutions",
            "Advances in Neural Information Processing Systems",
            url="https://arxiv.org/abs/1807.03039",
            kind="inproceedings",
        ),
        Reference(
            "larsen2016",
            ("Larsen, A. B. L.", "Sønderby, S. K.", "Larochelle, H.", "Winther, O."),
            2016,
            "Autoencoding beyond pixels using a learned similarity metric",
            "International Conference on Machine Learning",
            url="https://arxiv.org/abs/1512.09300",
            kind="inproceedings",
        ),
        Reference(
            "berthelot2017",
            ("Berthelot, D.", "Schumm, T.", "Metz, L."),
            2017,
            "BEGAN: Boundary equilibrium generative adversarial networks",
            "arXiv:1703.10717",
            url="https://arxiv.org/abs/1703.10717",
        ),
        Reference(
            "dumoulin2017",
            (
                "Dumoulin, V.",
                "Belghazi, I.",
                "Poole, B.",
                "Mastropietro, O.",
                "Lamb, A.",
                "Arjovsky, M.",
                "Courville, A.",
            ),
            2017,
            "Adversarially learned inference",
            "International Conference on Learning Representations",
            url="https://arxiv.org/abs/1606.00704",
            kind="inproceedings",
        ),
        Reference(
            "ulyanov2018",
            ("Ulyanov, D.", "Vedaldi, A.", "Lempitsky, V."),
            2018,
            "It takes (only) two: Adversarial generator-encoder networks",
            "AAAI Conference on Artificial Intelligence",
            url="https://arxiv.org/abs/1704.02304",
            kind="inproceedings",
        ),
        Reference(
            "mescheder2017",
            ("Mescheder, L.", "Nowozin, S.", "Geiger, A."),
            2017,
            "Adversarial variational Bayes: Unifying variational autoencoders and generative adversarial networks",
            "International Conference on Machine Learning",
            url="https://arxiv.org/abs/1701.04722",
            kind="inproceedings",
        ),
        Reference(
            "berthelot2019",
            ("Berthelot, D.", "Raffel, C.", "Roy, A.", "Goodfellow, I."),
            2019,
            "Understanding and improving interpolation in autoencoders via an adversarial regularizer",
            "International Conference on Learning Representations",
            url="https://arxiv.org/abs/1807.07543",
            kind="inproceedings",
        ),
        Reference(
            "faceapi2018",
            ("Mühler, V.",),
            2018,
            "face-api.js",
            "Computer software, MIT licence, as shipped by @vladmandic/face-api 1.7.15",
            url="https://github.com/justadudewhohacks/face-api.js",
            kind="misc",
        ),
        Reference(
            "laparra2016",
            ("Laparra, V.", "Ballé, J.", "Berardino, A.", "Simoncelli, E. P."),
            2016,
            "Perceptual image quality assessment using a normalized Laplacian pyramid",
            "Electronic Imaging, 2016(16), 1-6",
            "10.2352/ISSN.2470-1173.2016.16.HVEI-103",
        ),
        Reference(
            "sharma2005",
            ("Sharma, G.", "Wu, W.", "Dalal, E. N."),
            2005,
            "The CIEDE2000 color-difference formula: Implementation notes, supplementary test data, and mathematical "
            "observations",
            "Color Research & Application, 30(1), 21-30",
            "10.1002/col.20070",
        ),
        Reference(
            "willenbockel2010",
            ("Willenbockel, V.", "Sadr, J.", "Fiset, D.", "Horne, G. O.", "Gosselin, F.", "Tanaka, J. W."),
            2010,
            "Controlling low-level image properties: The SHINE toolbox",
            "Behavior Research Methods, 42(3), 671-684",
            "10.3758/BRM.42.3.671",
        ),
        Reference(
            "maloney2003",
            ("Maloney, L. T.", "Yang, J. N."),
            2003,
            "Maximum likelihood difference scaling",
            "Journal of Vision, 3(8), 5",
            "10.1167/3.8.5",
        ),
        Reference(
            "knoblauch2008",
            ("Knoblauch, K.", "Maloney, L. T."),
            2008,
            "MLDS: Maximum likelihood difference scaling in R",
            "Journal of Statistical Software, 25(2), 1-26",
            "10.18637/jss.v025.i02",
        ),
        Reference(
            "schuett2016",
            ("Schütt, H. H.", "Harmeling, S.", "Macke, J. H.", "Wichmann, F. A."),
            2016,
            "Painfree and accurate Bayesian estimation of psychometric functions for (potentially) overdispersed data",
            "Vision Research, 122, 105-123",
            "10.1016/j.visres.2016.02.002",
        ),
        Reference(
            "kynkaanniemi2019",
            ("Kynkäänniemi, T.", "Karras, T.", "Laine, S.", "Lehtinen, J.", "Aila, T."),
            2019,
            "Improved precision and recall metric for assessing generative models",
            "Advances in Neural Information Processing Systems",
            url="https://arxiv.org/abs/1904.06991",
            kind="inproceedings",
        ),
        Reference(
            "peirce2019",
            (
                "Peirce, J.",
                "Gray, J. R.",
                "Simpson, S.",
                "MacAskill, M.",
                "Höchenberger, R.",
                "Sogo, H.",
                "Kastman, E.",
                "Lindeløv, J. K.",
            ),
            2019,
            "PsychoPy2: Experiments in behavior made easy",
            "Behavior Research Methods, 51(1), 195-203",
            "10.3758/s13428-018-01193-y",
        ),
        Reference(
            "deleeuw2023",
            ("de Leeuw, J. R.", "Gilbert, R. A.", "Luchterhandt, B."),
            2023,
            "jsPsych: Enabling an open-source collaborative ecosystem of behavioral experiments",
            "Journal of Open Source Software, 8(85), 5351",
            "10.21105/joss.05351",
        ),
        Reference(
            "schmittwilken2023",
            ("Schmittwilken, L.", "Maertens, M.", "Vincent, J."),
            2023,
            "stimupy: A Python package for creating stimuli in vision science",
            "Journal of Open Source Software, 8(86), 5321",
            "10.21105/joss.05321",
        ),
        Reference(
            "duong2023",
            (
                "Duong, L.",
                "Bonnen, K.",
                "Broderick, W.",
                "Fiquet, P.-É.",
                "Parthasarathy, N.",
                "Yerxa, T.",
                "Zhao, X.",
                "Simoncelli, E.",
            ),
            2023,
            "Plenoptic: A platform for synthesizing model-optimized visual stimuli",
            "Journal of Vision, 23(9), 5822",
            "10.1167/jov.23.9.5822",
        ),
        Reference(
            "debruine2022",
            ("DeBruine, L.",),
            2022,
            "webmorphR: Reproducible stimuli",
            "Computer software",
            url="https://debruine.github.io/webmorphR/",
            kind="misc",
        ),
        Reference(
            "debruine2017",
            ("DeBruine, L.", "Jones, B."),
            2017,
            "Face Research Lab London Set",
            "figshare, CC BY 4.0",
            "10.6084/m9.figshare.5047666",
            kind="misc",
        ),
    )
}

METHODS: dict[str, tuple[str, ...]] = {
    "gaia": ("sainburg2018",),
    "vae": ("kingma2014",),
    "vaegan": ("larsen2016",),
    "began": ("berthelot2017",),
    "ali": ("dumoulin2017",),
    "age": ("ulyanov2018",),
    "avb": ("mescheder2017",),
    "acai": ("berthelot2019",),
    "flow": ("kingma2018",),
}
NETWORKS: dict[str, tuple[str, ...]] = {
    "deform": ("shu2018", "arsigny2006"),
    "munit": ("huang2018",),
    "acai": ("berthelot2019",),
}
SPACINGS: dict[str, tuple[str, ...]] = {"nlpd": ("laparra2016",), "ciede2000": ("sharma2005",)}
SCALES: dict[str, tuple[str, ...]] = {
    "mlds": ("maloney2003", "knoblauch2008"),
    "2afc": ("maloney2003", "knoblauch2008"),
    "identification": ("schuett2016",),
    "constant": ("schuett2016",),
}
"""What there is to cite for a name of ours; nothing for what is nobody's in particular."""


def software(version: str) -> Reference:
    """This program."""
    return Reference(
        "gaiastim",
        ("The gaia-stim developers",),
        2026,
        f"gaia-stim: a folder of images becomes a calibrated space of stimuli (version {version})",
        "Computer software, MIT licence",
        kind="misc",
    )


def bibliography(references: Iterable[Reference]) -> str:
    """A BibTeX file."""
    return "\n".join(one.bibtex for one in references)

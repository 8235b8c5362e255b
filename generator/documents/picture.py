"""Draws docs/architecture.svg, the picture on top of the README.

Plain SVG from the standard library; port numbers and paths come from the tiers themselves. The picture brings its own
light background, so that it is as readable on a dark page as on a light one. Units are pixels at the README's width.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from generator.tiers import security_groups

WIDTH, HEIGHT = 900, 690
LEFT, RIGHT = 170, 730  # the middles of the zones' columns
MIDDLE = WIDTH // 2
INK, FAINT, PAPER = "#1f2933", "#52606d", "#ffffff"
# Fill and outline by what a box is.
COLORS = {
    "https": ("#ede9fe", "#6d28d9"),
    "portal": ("#dbeafe", "#1d4ed8"),
    "cluster": ("#dcfce7", "#15803d"),
    "data": ("#ffedd5", "#c2410c"),
    "around": ("#f1f5f9", "#64748b"),
}


class Drawing:
    """Collects the elements of an SVG, in the order in which they cover each other."""

    def __init__(self) -> None:
        self.elements: list[str] = []

    def text(self, x: float, y: float, words: str, size: int = 12, anchor: str = "middle", **style: str) -> None:
        """One line of text; `y` is its baseline."""
        given = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in style.items())
        color = "" if "fill" in style else f' fill="{INK}"'
        self.elements.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}"{color}{given}>{escape(words)}</text>'
        )

    def frame(self, x: float, y: float, width: float, height: float, title: str, dashed: bool = False) -> None:
        """A frame around other things, with its title in the upper left corner."""
        dashes = ' stroke-dasharray="6 4"' if dashed else ""
        self.elements.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="8" fill="none" stroke="{FAINT}"{dashes}/>'
        )
        self.text(x + 10, y + 18, title, 12, "start", fill=FAINT, font_weight="bold")

    def box(self, center: float, y: float, width: float, height: float, kind: str, lines: Sequence[str]) -> None:
        """A box with a bold title and further lines below it, around `center`."""
        fill, outline = COLORS[kind]
        self.elements.append(
            f'<rect x="{center - width / 2:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" fill="{fill}"'
            f' stroke="{outline}" stroke-width="1.5"/>'
        )
        baseline = y + height / 2 - 8 * (len(lines) - 1) + 4
        for number, line in enumerate(lines):
            bold = {} if number else {"font_weight": "bold"}
            self.text(center, baseline + 16 * number, line, 13 if not number else 12, **bold)

    def line(self, *points: tuple[float, float], arrow: bool = True) -> None:
        """A line through `points`, with an arrowhead at its end unless told otherwise."""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        head = ' marker-end="url(#head)"' if arrow else ""
        self.elements.append(
            f'<polyline points="{path}" fill="none" stroke="{INK}" stroke-width="1.5"{head}/>',
        )

    def label(self, x: float, y: float, words: str, anchor: str = "middle") -> None:
        """Words beside a line."""
        self.text(x, y, words, 11, anchor, fill=FAINT)

    def svg(self) -> str:
        """The finished picture."""
        head = (
            '<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7"'
            f' orient="auto"><path d="M0,0 L10,5 L0,10 z" fill="{INK}"/></marker>'
        )
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}"'
                f' height="{HEIGHT}" font-family="Helvetica, Arial, \'DejaVu Sans\', sans-serif" role="img">',
                "<title>Architecture of the HPC portal</title>",
                f"<defs>{head}</defs>",
                f'<rect width="{WIDTH}" height="{HEIGHT}" rx="10" fill="{PAPER}"/>',
                *self.elements,
                "</svg>\n",
            ]
        )


def draw() -> str:
    """The picture as SVG text."""
    d = Drawing()
    d.frame(16, 84, 868, 592, "AWS region")
    d.frame(30, 110, 840, 470, "VPC")
    for number, center in ((1, LEFT), (2, RIGHT)):
        d.frame(center - 126, 136, 252, 430, f"Availability Zone {number}", dashed=True)

    d.box(MIDDLE, 14, 220, 46, "around", ["Users with a browser", "at the addresses you admit"])
    d.line((MIDDLE, 60), (MIDDLE, 152))
    d.label(MIDDLE + 8, 78, f"HTTPS {security_groups.HTTPS}", "start")
    d.box(MIDDLE, 154, 220, 46, "https", ["Application Load Balancer", "with AWS WAF, if wanted"])
    d.box(MIDDLE, 226, 220, 62, "data", ["Aurora MySQL", "a writer and a reader", "portal state, accounting"])
    d.box(MIDDLE, 372, 220, 62, "data", ["EFS", "/efs on all nodes", "portal software and files"])

    for number, center, side in ((1, LEFT, 1), (2, RIGHT, -1)):
        inner, edge = center + 110 * side, MIDDLE - 110 * side
        portal_lines = ("EnginFrame or EF Portal", "Auto Scaling group of one", "on a fixed address")
        d.box(center, 166, 220, 122, "portal", [f"Portal node {number}", *portal_lines])
        d.line((edge, 183), (inner, 183))
        d.label(edge - 22 * side, 178, str(security_groups.PORTAL_HTTPS))
        d.line((inner, 257), (edge, 257))
        d.label(edge - 22 * side, 252, str(security_groups.MYSQL))
        # Jobs: from each portal node down to a bus, and from it to each head node.
        d.line((center, 288), (center, 362))
        d.box(
            center,
            364,
            220,
            78,
            "cluster",
            [f"Slurm cluster {number}", "by AWS ParallelCluster", "head and compute nodes"],
        )
        d.line((inner, 403), (edge, 403))
        d.label(edge - 22 * side, 398, str(security_groups.NFS))
        d.line((center, 442), (center, 468))
        d.box(center, 470, 220, 46, "data", ["FSx for Lustre", f"/fsx_cluster{number}"])
        d.box(center, 530, 220, 26, "around", ["NAT gateway"])
    d.line((LEFT, 325), (RIGHT, 325), arrow=False)
    d.label(MIDDLE, 319, "jobs from either node to either cluster")
    d.label(MIDDLE, 340, f"Slurm {security_groups.SLURMCTLD[0]}-{security_groups.SLURMCTLD[1]}")

    services = (
        ("ParallelCluster", "makes the clusters"),
        ("Lambda", "checks, files, certificate"),
        ("S3 bucket", "scripts of the nodes"),
        ("Secrets Manager", "passwords and keys"),
        ("CloudWatch, SNS", "logs and alarms"),
    )
    for index, lines in enumerate(services):
        d.box(111 + 169.5 * index, 598, 162, 60, "around", lines)
    return d.svg()

"""A bar chart of the results, as SVG without dependencies."""

from xml.sax.saxutils import escape

BAR, GAP, LEFT, WIDTH = 18, 6, 190, 760
OURS_COLOUR, OTHER_COLOUR, LIMIT_COLOUR = "#1f6feb", "#8c959f", "#d4a72c"


def svg(results, ours, limit):
    """One group of bars for each file; lengths are times relative to the slowest reader shown."""
    parts, y = [], 10
    for name, table in results.items():
        slowest = max(row["seconds"] for row in table.values())
        parts.append(f'<text x="0" y="{y + 14}" font-weight="bold">{escape(name)}</text>')
        y += 24
        for reader, row in sorted(table.items(), key=lambda item: item[1]["seconds"]):
            length = max(1, (WIDTH - LEFT - 70) * row["seconds"] / slowest)
            colour = OURS_COLOUR if reader.startswith(ours) else LIMIT_COLOUR if reader == limit else OTHER_COLOUR
            parts.append(
                f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(reader)}</text>'
                f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2" fill="{colour}"/>'
                f'<text x="{LEFT + length + 6:.1f}" y="{y + 13}">{row["seconds"]:.2f} s</text>'
            )
            y += BAR + GAP
        y += 14
    style = "font: 12px system-ui, sans-serif; fill: #57606a"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" style="{style}">{"".join(parts)}</svg>\n'

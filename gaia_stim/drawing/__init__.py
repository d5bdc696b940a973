"""Pictures that tell: contact sheets, charts and heat maps. The one place for fonts, colours, axes and ticks.

A chart is plain geometry (`charts`), which a page draws as SVG and `plots` as pixels. All of it is Pillow and NumPy: a
drawing library would bring its own fonts, colours and megabytes for three kinds of chart.
"""

"""Measures of images as pure functions on arrays: uint8 (n, H, W, C), sRGB, in; float64 (n,) out."""

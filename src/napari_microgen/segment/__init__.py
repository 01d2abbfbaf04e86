"""Segment images: Otsu, second derivative, superpixels, hybrid annotation, U-Net, scores."""

"""Clean raw images: data bar, registration, curtaining, shading, contrast, noise, crop."""

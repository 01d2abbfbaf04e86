"""Reading and writing images, volumes, tables and models; nothing gets its final name before it is whole."""

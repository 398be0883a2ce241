"""Facts about real models, data sets and metrics, and how they are looked up. No code of any asset is here."""

from images.catalogue.catalogue import Asset, Catalogue

__all__ = ["Asset", "Catalogue"]

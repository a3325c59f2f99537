"""Tests of the analyses: worlds with known parameters, and real sets where they lie beside the checkout."""

"""Pure functions on text: tokens, case folding, amounts, differences, the claims of corrections. No I/O."""

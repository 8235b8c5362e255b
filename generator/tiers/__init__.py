"""The tiers of the stack: one module, one `build` function, one nested template each."""

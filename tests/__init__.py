"""The tests, by what they test; `support` has what they share, `emulator` and `bench` are what they run on."""

"""Forms of a flow for decoding often: constant parameters, linear layers joined."""

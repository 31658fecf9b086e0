"""The crash contract against real processes, real databases and a server that misbehaves on cue."""

"""The commands: each file holds the command or group that it is named after."""

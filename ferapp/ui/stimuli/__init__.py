"""The stimulus player: its set-up, the consent page, and the screen that shows the stimuli."""
